// From values to places, and the round values that an axis names.

export type Scale = (value: number) => number;

/** [0, most] to [from, to]; what lies beyond is cut off. */
export function linear(most: number, from: number, to: number): Scale {
  return (value) => from + (to - from) * (most > 0 ? Math.min(1, Math.max(0, value / most)) : 0);
}

/** 0 and about `count` more, at 1, 2 or 5 times a power of ten; the last one is at or above `most`. */
export function countTicks(most: number, count: number): number[] {
  const rough = Math.max(most, 1) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * power).find((each) => each >= rough * 0.999)!;
  return upTo(most, step);
}

/** 0 and about `count` more at powers of two, so that they read in KiB, MiB, GiB. */
export function byteTicks(most: number, count: number): number[] {
  const step = 2 ** Math.ceil(Math.log2(Math.max(most, 1024) / count) - 0.001);
  return upTo(most, step);
}

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;
const timeSteps = [
  ...[0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30],
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * minute),
  ...[1, 2, 3, 6, 12].map((hours) => hours * hour),
];

/** 0 and at most `count` more, none beyond `most` seconds. */
export function timeTicks(most: number, count: number): number[] {
  const step = timeSteps.find((each) => most / each <= count) ?? Math.ceil(most / count / day) * day;
  return upTo(most, step).filter((tick) => tick <= most * 1.0001);
}

function upTo(most: number, step: number): number[] {
  const steps = Math.max(1, Math.ceil(most / step - 1e-9));
  return Array.from({ length: steps + 1 }, (_, i) => Number((i * step).toPrecision(12)));
}

/** `0`, `250`, `1.5k`, `20M` */
export function shortCount(value: number): string {
  const power = value < 1000 ? 0 : Math.min(3, Math.floor(Math.log10(value) / 3));
  return `${Number((value / 1000 ** power).toPrecision(3))}${['', 'k', 'M', 'G'][power]}`;
}

/** `0`, `0.5s`, `30s`, `10m`, `1h 30m`, `2d` */
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
