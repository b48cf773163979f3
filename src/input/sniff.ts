// What the first bytes of an input say about it. Names are not looked at: they lie more often than contents.

import { InputError } from '../errors.js';
import type { ByteSource } from '../model.js';
import type { RawSource } from './raw.js';

/** As many bytes as the longest signature below; the shortest possible point is as long. */
const HEAD_BYTES = 6;

/** Compressions that are left to their own tools, and encodings that are left to iconv. */
const foreign: readonly { readonly hex: string; readonly what: string; readonly tool: string }[] = [
  { hex: '425a68..3141', what: 'bzip2', tool: 'bzcat' },
  { hex: 'fd377a585a00', what: 'xz', tool: 'xzcat' },
  { hex: '04224d18', what: 'lz4', tool: 'lz4cat' },
  { hex: '02214c18', what: 'lz4 (legacy)', tool: 'lz4cat' },
  { hex: '4c5a495001', what: 'lzip', tool: 'lzip -dc' },
  { hex: '1f9d', what: 'compress (.Z)', tool: 'zcat' },
  { hex: '504b0304', what: 'a zip archive', tool: 'unzip -p' },
  { hex: '504b0506', what: 'an empty zip archive', tool: 'unzip -p' },
  { hex: '377abcaf271c', what: 'a 7z archive', tool: '7z x -so' },
  { hex: 'fffe0000', what: 'UTF-32', tool: 'iconv -f UTF-32 -t UTF-8' },
  { hex: '0000feff', what: 'UTF-32', tool: 'iconv -f UTF-32 -t UTF-8' },
  { hex: 'fffe', what: 'UTF-16', tool: 'iconv -f UTF-16 -t UTF-8' },
  { hex: 'feff', what: 'UTF-16', tool: 'iconv -f UTF-16 -t UTF-8' },
];

/** Throws InputError, with the command that helps, for a content that cannot be read. */
export function recognise(head: Uint8Array, name: string): ByteSource['compression'] {
  const hex = Buffer.from(head).toString('hex');
  if (hex.startsWith('1f8b')) return 'gzip';
  // The second is a skippable frame: some writers begin with one.
  if (/^(28b52ffd|5.2a4d18)/.test(hex)) return 'zstd';
  const found = foreign.find((each) => new RegExp(`^${each.hex}`).test(hex));
  if (!found) return 'none';
  const command = name === '-' ? `… | ${found.tool}` : `${found.tool} ${quoted(name)}`;
  throw new InputError(
    `reading ${shown(name)}: expected UTF-8 text, plain or as gzip or zstd, got ${found.what}; use: ${command} | bulk-load … -`,
  );
}

function quoted(name: string): string {
  return /^[\w./-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`;
}

/** An input's name in a sentence. */
export function shown(name: string): string {
  return name === '-' ? 'standard input' : name;
}

/** Reads the first bytes without taking them away: the source returned gives them again. */
export async function peek(raw: RawSource, signal: AbortSignal): Promise<{ head: Uint8Array; source: RawSource }> {
  const buffer = new Uint8Array(HEAD_BYTES);
  let length = 0;
  while (length < HEAD_BYTES) {
    const count = await raw.read(buffer.subarray(length), signal);
    if (count === 0) break;
    length += count;
  }
  const head = buffer.subarray(0, length);
  return { head, source: replay(head, raw) };
}

function replay(head: Uint8Array, raw: RawSource): RawSource {
  let given = 0;
  const { file } = raw;
  return {
    ...(file === undefined ? {} : { file }),
    ...(raw.seek === undefined
      ? {}
      : {
          seek: (to: number): void => {
            given = head.length;
            raw.seek?.(to);
          },
        }),
    async read(into, signal) {
      if (given === head.length) return raw.read(into, signal);
      signal.throwIfAborted();
      const part = head.subarray(given, given + into.length);
      into.set(part);
      given += part.length;
      return part.length;
    },
    close: () => raw.close(),
    get bytesRead() {
      return raw.bytesRead;
    },
  };
}
