// Scales, which convert values to coordinates, and the ticks of axes with their labels.

export type Scale = (value: number) => number;

/** Maps [0, max] to [from, to]. Values outside [0, max] are mapped to the nearest end. */
export function linear(max: number, from: number, to: number): Scale {
  return (value) => from + (to - from) * (max > 0 ? Math.min(1, Math.max(0, value / max)) : 0);
}

/**
 * Returns 0 and about `count` more ticks. The ticks are 1, 2 or 5 times a power of ten apart. The last tick is at or
 * above `max`.
 */
export function countTicks(max: number, count: number): number[] {
  const rough = Math.max(max, 1) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * power).find((each) => each >= rough * 0.999)!;
  return upTo(max, step);
}

/**
 * Returns 0 and about `count` more ticks. The ticks are a power of two apart, so that they print as round KiB, MiB or
 * GiB.
 */
export function byteTicks(max: number, count: number): number[] {
  const step = 2 ** Math.ceil(Math.log2(Math.max(max, 1024) / count) - 0.001);
  return upTo(max, step);
}

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;
const timeSteps = [
  ...[0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30],
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * minute),
  ...[1, 2, 3, 6, 12].map((hours) => hours * hour),
];

/** Returns 0 and up to `count` more ticks, all within `max` seconds. */
export function timeTicks(max: number, count: number): number[] {
  const step = timeSteps.find((each) => max / each <= count) ?? Math.ceil(max / count / day) * day;
  return upTo(max, step).filter((tick) => tick <= max * 1.0001);
}

function upTo(max: number, step: number): number[] {
  const steps = Math.max(1, Math.ceil(max / step - 1e-9));
  return Array.from({ length: steps + 1 }, (_, i) => Number((i * step).toPrecision(12)));
}

/** Formats a number for an axis: `0`, `250`, `1.5k`, `20M`. */
export function shortCount(value: number): string {
  const power = value < 1000 ? 0 : Math.min(3, Math.floor(Math.log10(value) / 3));
  return `${Number((value / 1000 ** power).toPrecision(3))}${['', 'k', 'M', 'G'][power]}`;
}

/** Formats seconds for an axis: `0`, `0.5s`, `30s`, `10m`, `1h 30m`, `2d`. */
export function shortTime(seconds: number): string {
  if (seconds === 0) return '0';
  if (seconds < minute) return `${Number(seconds.toFixed(1))}s`;
  const parts = [
    [Math.floor(seconds / day), 'd'],
    [Math.floor((seconds % day) / hour), 'h'],
    [Math.floor((seconds % hour) / minute), 'm'],
    [Math.round(seconds % minute), 's'],
  ] as const;
  return parts
    .filter(([amount]) => amount > 0)
    .slice(0, 2)
    .map(([amount, unit]) => `${amount}${unit}`)
    .join(' ');
}
