// What the first bytes of an input say about it. Names are not looked at: they lie more often than contents.

import { InputError } from '../../core/errors.js';
import type { ByteSource } from '../../core/types/index.js';
import type { RawSource } from '../local/raw-source.js';

/** As many bytes as the longest signature below; the shortest possible point is as long. */
const HEAD_BYTES = 6;

interface Foreign {
  readonly hex: string;
  readonly what: string;
  /** Writes the text to standard output, of the files named behind it or of standard input. */
  readonly tool: string;
  /** It looks for the end first, which a pipe cannot give. */
  readonly needsFile?: true;
}

/** Compressions that are left to their own tools, and encodings that are left to iconv. */
const foreign: readonly Foreign[] = [
  { hex: '425a68..3141', what: 'bzip2', tool: 'bzip2 -dc' },
  { hex: 'fd377a585a00', what: 'xz', tool: 'xz -dc' },
  // The usual properties, and a dictionary of whole 64 KiB.
  { hex: '5d0000', what: 'lzma', tool: 'xz -dc' },
  { hex: '04224d18', what: 'lz4', tool: 'lz4 -dc' },
  { hex: '02214c18', what: 'lz4 (legacy)', tool: 'lz4 -dc' },
  { hex: 'ff060000734e', what: 'framed snappy', tool: 'snzip -dc' },
  { hex: '894c5a4f000d', what: 'lzop', tool: 'lzop -dc' },
  { hex: '4c5a495001', what: 'lzip', tool: 'lzip -dc' },
  { hex: '1f9d', what: 'compress (.Z)', tool: 'gzip -dc' },
  { hex: '504b0304', what: 'a zip archive', tool: 'unzip -p', needsFile: true },
  { hex: '504b0506', what: 'an empty zip archive', tool: 'unzip -p', needsFile: true },
  { hex: '377abcaf271c', what: 'a 7z archive', tool: '7z x -so', needsFile: true },
  { hex: 'fffe0000', what: 'UTF-32', tool: 'iconv -f UTF-32 -t UTF-8' },
  { hex: '0000feff', what: 'UTF-32', tool: 'iconv -f UTF-32 -t UTF-8' },
  { hex: 'fffe', what: 'UTF-16', tool: 'iconv -f UTF-16 -t UTF-8' },
  { hex: 'feff', what: 'UTF-16', tool: 'iconv -f UTF-16 -t UTF-8' },
];

/**
 * Throws InputError, with the command that helps, for a content that cannot be read.
 * @param from a command that writes the input to standard output, where it is not a file
 */
export function detectCompression(head: Uint8Array, name: string, from?: string): ByteSource['compression'] {
  const hex = Buffer.from(head).toString('hex');
  if (hex.startsWith('1f8b')) return 'gzip';
  // The second is a skippable frame: some writers begin with one.
  if (/^(28b52ffd|5.2a4d18)/.test(hex)) return 'zstd';
  const found = foreign.find((each) => new RegExp(`^${each.hex}`).test(hex));
  if (!found) return 'none';
  const command = from === undefined && name !== '-' ? `${found.tool} ${asFile(name)}` : piped(found, from ?? '…');
  throw new InputError(
    `reading ${inputLabel(name)}: expected UTF-8 text, plain or as gzip or zstd, got ${found.what}; use: ${command} | bulk-load … -`,
  );
}

function piped({ tool, needsFile }: Foreign, from: string): string {
  return needsFile ? `${from} > archive && ${tool} archive` : `${from} | ${tool}`;
}

/** A word for a shell. */
export function quoted(word: string): string {
  return /^[\w./:@=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** One that no tool takes for an option. */
function asFile(name: string): string {
  return quoted(name.startsWith('-') ? `./${name}` : name);
}

/** An input's name in a sentence. */
export function inputLabel(name: string): string {
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
