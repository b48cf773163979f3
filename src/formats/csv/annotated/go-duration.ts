// Parses durations as Go prints them, such as `1h30m` or `1.5s`.

const nanoseconds: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

/**
 * Longest accepted text, in characters. `BigInt()` takes a time that grows with the square of the number of digits.
 */
const maxLength = 200;

/** Returns the duration in nanoseconds; null if the text is not a duration, or is finer than a nanosecond. */
export function parseGoDuration(text: string): bigint | null {
  const sign = text.startsWith('-') ? -1n : 1n;
  const rest = text.replace(/^[-+]/, '');
  if (rest === '0') return 0n;
  if (rest.length > maxLength) return null;
  if (!/^(?:\d+(?:\.\d+)?(?:ns|us|µs|μs|ms|s|m|h))+$/.test(rest)) return null;
  let sum = 0n;
  for (const [, whole = '', fraction = '', unit = ''] of rest.matchAll(/(\d+)(?:\.(\d+))?(ns|us|µs|μs|ms|s|m|h)/g)) {
    const scaled = BigInt(whole + fraction) * nanoseconds[unit]!;
    const divisor = 10n ** BigInt(fraction.length);
    if (scaled % divisor !== 0n) return null;
    sum += scaled / divisor;
  }
  return sum < 2n ** 63n ? sign * sum : null;
}
