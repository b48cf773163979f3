// Detects the compression of an input from its first bytes, not from its name, which is wrong more often.

import { InputError } from '../../core/errors.js';
import { shellQuote } from '../../core/text.js';
import type { ByteSource } from '../../core/types/index.js';
import { inputLabel } from '../local/raw-source.js';

/**
 * Length of the longest signature below, bytes. The shortest line with a point, `m f=1` with its LF, has this length.
 */
export const signatureBytes = 6;

interface UnsupportedContent {
  /** First bytes of the content: a regular expression that matches their hex digits. */
  readonly hex: string;
  readonly title: string;
  /** Command that converts a file, or standard input, and writes the result to standard output. */
  readonly tool: string;
  /** True for a tool that reads the end of a file first, which is impossible in a pipe. */
  readonly needsFile?: true;
}

/** Compressions and encodings that bulk-load cannot read, each with a tool that converts it. */
const unsupported: readonly UnsupportedContent[] = [
  { hex: '425a68..3141', title: 'bzip2', tool: 'bzip2 -dc' },
  { hex: 'fd377a585a00', title: 'xz', tool: 'xz -dc' },
  // lzma with the usual properties, and a dictionary size that is a multiple of 64 KiB.
  { hex: '5d0000', title: 'lzma', tool: 'xz -dc' },
  { hex: '04224d18', title: 'lz4', tool: 'lz4 -dc' },
  { hex: '02214c18', title: 'lz4 (legacy)', tool: 'lz4 -dc' },
  { hex: 'ff060000734e', title: 'framed snappy', tool: 'snzip -dc' },
  { hex: '894c5a4f000d', title: 'lzop', tool: 'lzop -dc' },
  { hex: '4c5a495001', title: 'lzip', tool: 'lzip -dc' },
  { hex: '1f9d', title: 'compress (.Z)', tool: 'gzip -dc' },
  { hex: '504b0304', title: 'a zip archive', tool: 'unzip -p', needsFile: true },
  { hex: '504b0506', title: 'an empty zip archive', tool: 'unzip -p', needsFile: true },
  { hex: '377abcaf271c', title: 'a 7z archive', tool: '7z x -so', needsFile: true },
  { hex: 'fffe0000', title: 'UTF-32', tool: 'iconv -f UTF-32 -t UTF-8' },
  { hex: '0000feff', title: 'UTF-32', tool: 'iconv -f UTF-32 -t UTF-8' },
];

/**
 * Returns the compression that the signature in `head` shows. For unsupported content, throws InputError with a command
 * that converts the content.
 * @param command shell command that writes the input to standard output; absent for a local file or standard input
 */
export function detectCompression(head: Uint8Array, name: string, command?: string): ByteSource['compression'] {
  const hex = Buffer.from(head).toString('hex');
  if (hex.startsWith('1f8b')) return 'gzip';
  // The second pattern matches a skippable frame. Some writers begin a file with such a frame.
  if (/^(28b52ffd|5.2a4d18)/.test(hex)) return 'zstd';
  const found = unsupported.find((each) => new RegExp(`^${each.hex}`).test(hex));
  if (found === undefined) return 'none';
  const isFile = command === undefined && name !== '-';
  const convert = isFile ? `${found.tool} ${fileArgument(name)}` : pipeline(found, command ?? '…');
  throw new InputError({
    tried: `reading ${inputLabel(name)}`,
    expected: 'text or Parquet, uncompressed or compressed with gzip or zstd',
    found: found.title,
    fix: `convert it: \`${convert} | bulk-load … -\``,
  });
}

function pipeline({ tool, needsFile }: UnsupportedContent, command: string): string {
  return needsFile ? `${command} > archive && ${tool} archive` : `${command} | ${tool}`;
}

/** Quotes a file name, so that tools do not mistake the name for an option. */
function fileArgument(name: string): string {
  return shellQuote(name.startsWith('-') ? `./${name}` : name);
}
