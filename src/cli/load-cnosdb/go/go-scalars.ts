// Parses scalars like Go's strconv and time.ParseDuration, with Go's error messages.

/** An error with the message of Go. */
export class GoError extends Error {}

const integers = /^(0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0(?:_?[0-7])+|0|[1-9](?:_?[0-9])*)$/;
const truths: Record<string, boolean> = {
  ...Object.fromEntries(['1', 't', 'T', 'TRUE', 'true', 'True'].map((word) => [word, true])),
  ...Object.fromEntries(['0', 'f', 'F', 'FALSE', 'false', 'False'].map((word) => [word, false])),
};

/** Quotes like Go's `%q`. The result equals Go's result only for texts that occur in flags. */
export function quoted(text: string): string {
  return JSON.stringify(text);
}

export function parseBool(text: string): boolean {
  const value = Object.hasOwn(truths, text) ? truths[text] : undefined;
  if (value === undefined) throw new GoError(`strconv.ParseBool: parsing ${quoted(text)}: invalid syntax`);
  return value;
}

/** Parses 64-bit integers such as `0x1f`, `0o17`, `017` (octal), `0b11` and `1_000`. Only ParseInt accepts a sign. */
export function parseInteger(text: string, what: 'ParseInt' | 'ParseUint'): bigint {
  const signed = what === 'ParseInt';
  const sign = signed && /^[-+]/.test(text) ? text[0]! : '';
  const digits = text.slice(sign.length);
  if (!integers.test(digits)) throw new GoError(`strconv.${what}: parsing ${quoted(text)}: invalid syntax`);
  const plain = digits.replaceAll('_', '');
  const magnitude = BigInt(/^0[0-7]/.test(plain) ? `0o${plain.slice(1)}` : plain);
  const value = sign === '-' ? -magnitude : magnitude;
  if (value !== (signed ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value)))
    throw new GoError(`strconv.${what}: parsing ${quoted(text)}: value out of range`);
  return value;
}

/** Number of nanoseconds in each unit. */
const durationUnits: Record<string, number> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** Parses `1h2m`, `.5s`, `-3ms` and `0` to nanoseconds. */
export function parseGoDuration(text: string): bigint {
  const negative = text.startsWith('-');
  const body = text.replace(/^[-+]/, '');
  if (body === '0') return 0n;
  if (body === '') throw new GoError(`time: invalid duration ${quoted(text)}`);
  const parts = /(\d+\.?\d*|\.\d+)([^\d.]*)/y;
  let total = 0;
  while (parts.lastIndex < body.length) {
    const found = parts.exec(body);
    if (found === null) throw new GoError(`time: invalid duration ${quoted(text)}`);
    const [, number, unit] = found;
    if (unit === '') throw new GoError(`time: missing unit in duration ${quoted(text)}`);
    if (!Object.hasOwn(durationUnits, unit!))
      throw new GoError(`time: unknown unit ${quoted(unit!)} in duration ${quoted(text)}`);
    total += Number(number) * durationUnits[unit!]!;
  }
  if (total > 2 ** 63) throw new GoError(`time: invalid duration ${quoted(text)}`);
  return BigInt(Math.round(negative ? -total : total));
}
