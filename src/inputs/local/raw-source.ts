// The bytes of a file or pipe before decompression.

import { errorCode, InputError } from '../../core/errors.js';
import { wrapSource } from '../../core/io/byte-source.js';
import { PrefixChecksum } from '../../core/io/prefix-checksum.js';
import type { Problem } from '../../core/problem.js';
import type { ByteSource } from '../../core/types/index.js';

export interface RawSource extends ByteSource {
  /** Shell command that writes the bytes to standard output; absent for local files. */
  readonly command?: string;
}

/** Text for system error codes: what was found, and what to do. */
const systemErrors: Record<string, readonly [found: string, fix: string]> = {
  ENOENT: ['no such file, or a broken link', 'check the name'],
  EACCES: ['a file that this user may not read', 'give this user read permission'],
  EPERM: ['a file that this user may not read', 'give this user read permission'],
  EISDIR: ['a directory', ''],
  EIO: ['an input/output error of the device or file system', 'check the disk'],
  ELOOP: ['symbolic links that form a loop', ''],
  ENOTDIR: ['a path with a part that is not a directory', ''],
  ENAMETOOLONG: ['a name that is too long', ''],
  EMFILE: ['too many open files in this process', 'raise `ulimit -n`'],
  ENFILE: ['too many open files on this machine', ''],
  ESTALE: ['a file that the network file system lost', 'mount it again'],
  ENXIO: ['a socket, or a device that cannot be read', ''],
};

/** Describes a system error: what was found, and what to do. */
export function systemProblem(error: unknown): Pick<Problem, 'found' | 'fix'> {
  const code = errorCode(error);
  const [found, fix] = systemErrors[code] ?? [];
  if (found === undefined) return { found: error instanceof Error ? error.message : String(error), fix: '' };
  return { found: `${found} (${code})`, fix: fix ?? '' };
}

/** Builds the error for an input that cannot be read. */
export function unreadable(tried: string, error: unknown): InputError {
  return new InputError({ tried, expected: 'an input that can be read', ...systemProblem(error) }, { cause: error });
}

/** Returns the name of an input for a sentence: `standard input` for `-`. */
export function inputLabel(name: string): string {
  return name === '-' ? 'standard input' : name;
}

/**
 * Adds a checksum of the raw bytes to the source of a local file.
 * @param starts true to start the checksum at once; false if the caller starts it. Starting at once costs almost
 * nothing for small and compressed files.
 */
export function withChecksum(source: RawSource, starts: boolean): RawSource {
  const { file } = source;
  if (file === undefined || source.command !== undefined) return source;
  const checksum = new PrefixChecksum();
  if (starts) checksum.start();
  let at = 0;
  return wrapSource(source, {
    file: { ...file, checksum },
    read: async (into: Uint8Array, signal: AbortSignal) => {
      const count = await source.read(into, signal);
      checksum.add(at, into.subarray(0, count));
      at += count;
      return count;
    },
    seek:
      source.seek &&
      ((to: number) => {
        at = to;
        source.seek?.(to);
      }),
  });
}
