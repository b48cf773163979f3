// Two looks at a point of line protocol: the table at its start, the timestamp at its end. The points are good ones, or
// ones that were refused, of which the name may be anything.

const comma = 44;
const space = 32;
const backslash = 92;
const minus = 45;
/** CnosDB takes no longer names; what is refused may have any. */
const mostBytes = 512;
const utf8 = new TextDecoder();

/** The table of the point that begins at `start`, unescaped; null where its name has no end, or is empty. */
export function tableOf(bytes: Uint8Array, start: number): string | null {
  const most = Math.min(bytes.length, start + mostBytes);
  for (let i = start; i < most; i += 1) {
    const byte = bytes[i]!;
    if (byte === backslash) i += 1;
    else if (byte === comma || byte === space) return i === start ? null : named(bytes.subarray(start, i));
  }
  return null;
}

/** The timestamp that ends at `end`; null where there is none. */
export function timeOf(bytes: Uint8Array, end: number): bigint | null {
  let start = end;
  while (start > 0 && isDigit(bytes[start - 1]!)) start -= 1;
  if (start > 0 && bytes[start - 1] === minus) start -= 1;
  const digits = end - start;
  if (digits === 0 || digits > 20 || bytes[start - 1] !== space) return null;
  return BigInt(String.fromCharCode(...bytes.subarray(start, end)));
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57;
}

function named(bytes: Uint8Array): string {
  const text = utf8.decode(bytes);
  return text.includes('\\') ? text.replace(/\\([, =\\])/g, '$1') : text;
}
