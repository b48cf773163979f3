// Single values as Go's strconv reads them, with the words it refuses them in.

/** In Go's words. */
export class GoError extends Error {}

const integers = /^(0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0(?:_?[0-7])+|0|[1-9](?:_?[0-9])*)$/;
const truths: Record<string, boolean> = {
  ...Object.fromEntries(['1', 't', 'T', 'TRUE', 'true', 'True'].map((word) => [word, true])),
  ...Object.fromEntries(['0', 'f', 'F', 'FALSE', 'false', 'False'].map((word) => [word, false])),
};

/** As `%q` for the texts that come up here. */
export function quoted(text: string): string {
  return JSON.stringify(text);
}

export function parseBool(text: string): boolean {
  const value = Object.hasOwn(truths, text) ? truths[text] : undefined;
  if (value === undefined) throw new GoError(`strconv.ParseBool: parsing ${quoted(text)}: invalid syntax`);
  return value;
}

/** With base 0: 0x, 0o, 0b, a leading 0 for octal, underscores between digits. 64 bits; only ParseInt takes a sign. */
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
