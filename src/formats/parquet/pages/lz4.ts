// LZ4 blocks: the library's reader leaves zeros where the input ends too early.

/** One block. Throws when it is not exactly `size` bytes. */
export function lz4(input: Uint8Array, size: number): Uint8Array {
  const output = new Uint8Array(size);
  block(input, output);
  return output;
}

/** Blocks behind each other, each after its two lengths, as Hadoop writes them; or one without. */
export function lz4Framed(input: Uint8Array, size: number): Uint8Array {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  const output = new Uint8Array(size);
  let from = 0;
  let to = 0;
  while (from + 8 <= input.length) {
    const plain = view.getUint32(from);
    const packed = view.getUint32(from + 4);
    if (packed > input.length - from - 8 || plain > size - to) break;
    try {
      block(input.subarray(from + 8, from + 8 + packed), output.subarray(to, to + plain));
    } catch {
      break;
    }
    from += 8 + packed;
    to += plain;
  }
  return from === input.length && to === size ? output : lz4(input, size);
}

function block(input: Uint8Array, output: Uint8Array): void {
  let p = 0;
  let o = 0;
  const length = (nibble: number): number => {
    let sum = nibble;
    if (nibble < 15) return sum;
    for (let byte = 255; byte === 255; sum += byte) byte = input[p++] ?? fail();
    return sum;
  };
  while (p < input.length) {
    const token = input[p++]!;
    const literals = length(token >> 4);
    if (literals > input.length - p || literals > output.length - o) fail();
    output.set(input.subarray(p, p + literals), o);
    p += literals;
    o += literals;
    if (p === input.length) break;
    const back = input[p]! | ((input[p + 1] ?? fail()) << 8);
    p += 2;
    const match = length(token & 15) + 4;
    if (back === 0 || back > o || match > output.length - o) fail();
    for (const end = o + match; o < end; o++) output[o] = output[o - back]!;
  }
  if (o !== output.length) fail();
}

function fail(): never {
  throw new Error('an LZ4 block that is damaged');
}
