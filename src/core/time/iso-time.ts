// Formats times as text.

const billion = 1_000_000_000n;

/** Formats nanoseconds since 1970 as `2022-01-01T00:00:00.000000001Z`. */
export function isoTime(time: bigint): string {
  const fraction = ((time % billion) + billion) % billion;
  const seconds = new Date(Number((time - fraction) / 1_000_000n)).toISOString().slice(0, 19);
  return `${seconds}.${String(fraction).padStart(9, '0')}Z`;
}

/** Formats ms since 1970 for file names: `20261123T194500Z`. */
export function stampOf(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]|\.\d+/g, '');
}
