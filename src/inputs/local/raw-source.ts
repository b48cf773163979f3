// Bytes as they lie in the file or come down the pipe, before any decompression: what the decoders pull from.

import type { ByteSource } from '../../core/types/index.js';

/** A ByteSource that does not know yet what its bytes are. */
export interface RawSource extends Omit<ByteSource, 'compression'> {
  /** A shell command that writes them to standard output, where they lie in no file. */
  readonly command?: string;
}

/** System error codes in words that say what to do. */
const words: Record<string, string> = {
  ENOENT: 'it does not exist, or its link leads nowhere',
  EACCES: 'permission denied; let this user read it',
  EPERM: 'permission denied; let this user read it',
  EISDIR: 'it is a directory',
  EIO: 'the device or file system reported an input/output error; check the disk',
  ELOOP: 'its links lead in a circle',
  ENOTDIR: 'a part of its path is not a directory',
  ENAMETOOLONG: 'its name is too long',
  EMFILE: 'too many files are open; raise `ulimit -n`',
  ENFILE: 'too many files are open on this machine',
  ESTALE: 'the network file system lost it; mount it again',
  ENXIO: 'it is a socket or a device that cannot be read',
};

/** `permission denied; let this user read it (EACCES)`. */
export function describeSystemError(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const text = words[code] ?? (error instanceof Error ? error.message : String(error));
  return words[code] ? `${text} (${code})` : text;
}
