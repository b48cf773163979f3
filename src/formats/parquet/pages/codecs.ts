// Decompresses pages. Each codec returns exactly the size that the page header states, or throws.

import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { snappyUncompressor } from 'hysnappy';

/** Decompresses `input` to exactly `size` bytes. Throws an error of any type for damaged input. */
export type Codec = (input: Uint8Array, size: number) => Uint8Array;

const loaded = new Map<string, Promise<Codec> | Codec>();

const codecs: Readonly<Record<string, () => Promise<Codec> | Codec>> = {
  UNCOMPRESSED: () => (input) => input,
  SNAPPY: snappy,
  GZIP: () => (input, size) => gunzipSync(input, { maxOutputLength: Math.max(1, size) }),
  BROTLI: () => (input, size) => brotliDecompressSync(input, { maxOutputLength: Math.max(1, size) }),
  ZSTD: zstd,
  LZ4_RAW: () => lz4,
  LZ4: () => lz4Framed,
};

/** Loads the codec with this Parquet name. Returns null if the codec is not supported. */
export async function codecOf(name: string): Promise<Codec | null> {
  const make = codecs[name];
  if (make === undefined) return null;
  if (!loaded.has(name)) loaded.set(name, make());
  const codec = await loaded.get(name)!;
  return (input, size) => {
    if (size === 0) return new Uint8Array(0);
    const output = codec(input, size);
    if (output.length !== size) throw new Error(`${output.length} bytes after decompression instead of ${size}`);
    return output;
  };
}

function snappy(): Codec {
  const uncompress = snappyUncompressor();
  return (input, size) => {
    // The decoder would allocate any size that the input states, so this size is checked first.
    let stated = 0;
    for (let i = 0, factor = 1; i < 5; i++, factor *= 128) {
      const byte = input[i] ?? 0;
      stated += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
    }
    if (stated !== size) throw new Error(`${stated} bytes after decompression instead of ${size}`);
    return uncompress(input, size);
  };
}

async function zstd(): Promise<Codec> {
  const { ZSTDDecoder } = await import('zstddec/stream');
  const decoder = new ZSTDDecoder();
  await decoder.init();
  // For damaged input, this decoder may return fewer bytes than `size`. `codecOf` checks the number of bytes.
  return (input, size) => decoder.decode(input, size);
}

/** Decompresses one LZ4 block to exactly `size` bytes. Throws if the block is damaged or truncated. */
function lz4(input: Uint8Array, size: number): Uint8Array {
  const output = new Uint8Array(size);
  lz4Block(input, output);
  return output;
}

/**
 * Decompresses LZ4 blocks in Hadoop format: the decompressed and the compressed length precede each block. Decodes any
 * other input as one block without lengths.
 */
function lz4Framed(input: Uint8Array, size: number): Uint8Array {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  const output = new Uint8Array(size);
  let from = 0;
  let to = 0;
  while (from + 8 <= input.length) {
    const plain = view.getUint32(from);
    const packed = view.getUint32(from + 4);
    if (packed > input.length - from - 8 || plain > size - to) break;
    try {
      lz4Block(input.subarray(from + 8, from + 8 + packed), output.subarray(to, to + plain));
    } catch {
      break;
    }
    from += 8 + packed;
    to += plain;
  }
  return from === input.length && to === size ? output : lz4(input, size);
}

function lz4Block(input: Uint8Array, output: Uint8Array): void {
  let p = 0;
  let o = 0;
  const length = (nibble: number): number => {
    let sum = nibble;
    if (nibble < 15) return sum;
    for (let byte = 255; byte === 255; sum += byte) byte = input[p++] ?? damagedBlock();
    return sum;
  };
  while (p < input.length) {
    const token = input[p++]!;
    const literals = length(token >> 4);
    if (literals > input.length - p || literals > output.length - o) damagedBlock();
    output.set(input.subarray(p, p + literals), o);
    p += literals;
    o += literals;
    if (p === input.length) break;
    const back = input[p]! | ((input[p + 1] ?? damagedBlock()) << 8);
    p += 2;
    const match = length(token & 15) + 4;
    if (back === 0 || back > o || match > output.length - o) damagedBlock();
    for (const end = o + match; o < end; o++) output[o] = output[o - back]!;
  }
  if (o !== output.length) damagedBlock();
}

function damagedBlock(): never {
  throw new Error('a damaged LZ4 block');
}
