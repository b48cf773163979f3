// Pages, decompressed: into exactly as many bytes as their header says, or not at all.

import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { snappyUncompressor } from 'hysnappy';
import { lz4, lz4Framed } from './lz4.js';

/** Throws whatever; the caller says what was read. */
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

/** Null for one that there is not. */
export async function codecOf(name: string): Promise<Codec | null> {
  const make = codecs[name];
  if (make === undefined) return null;
  if (!loaded.has(name)) loaded.set(name, make());
  const codec = await loaded.get(name)!;
  return (input, size) => {
    if (size === 0) return new Uint8Array(0);
    const output = codec(input, size);
    if (output.length !== size) throw new Error(`${output.length} bytes instead of ${size}`);
    return output;
  };
}

function snappy(): Codec {
  const uncompress = snappyUncompressor();
  return (input, size) => {
    // It writes as many bytes as the input says.
    let said = 0;
    for (let i = 0, factor = 1; i < 5; i++, factor *= 128) {
      const byte = input[i] ?? 0;
      said += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
    }
    if (said !== size) throw new Error(`${said} bytes instead of ${size}`);
    return uncompress(input, size);
  };
}

async function zstd(): Promise<Codec> {
  const { ZSTDDecoder } = await import('zstddec/stream');
  const decoder = new ZSTDDecoder();
  await decoder.init();
  // What is damaged comes out too short.
  return (input, size) => decoder.decode(input, size);
}
