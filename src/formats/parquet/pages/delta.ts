// Whole numbers written as differences, checked before the library reads them: it takes their header at its word.

/** The library's limits are the address space and the user's patience. */
const mostPerBlock = 1 << 16;

/** Offset behind `count` numbers that begin at `from`. Throws when they are not there. */
export function deltaEnd(bytes: Uint8Array, from: number, count: number): number {
  let p = from;
  const varint = (): number => {
    let value = 0;
    for (let i = 0, factor = 1; i < 10; i++, factor *= 128) {
      const byte = bytes[p++];
      if (byte === undefined) break;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    throw new Error('differences that end too early');
  };
  const perBlock = varint();
  const parts = varint();
  const perPart = perBlock / parts;
  if (perBlock > mostPerBlock || parts === 0 || perPart % 8 !== 0 || perPart === 0)
    throw new Error('blocks of differences that are none');
  if (varint() !== count) throw new Error('another number of differences than of values');
  varint();
  for (let done = 1; done < count; ) {
    varint();
    const widths = bytes.subarray(p, p + parts);
    if (widths.length < parts) throw new Error('differences that end too early');
    p += parts;
    for (let i = 0; i < parts && done < count; i++, done += perPart) {
      if (widths[i]! > 64) throw new Error('differences of more than 64 bits');
      p += (widths[i]! * perPart) / 8;
    }
  }
  if (p > bytes.length) throw new Error('differences that end too early');
  return p;
}
