// Opens named pipes and process substitutions, `<(…)`, with O_NONBLOCK. Without this flag, a thread could block in open
// or read, and nothing can interrupt such a thread. With this flag, a pipe without a writer looks like a pipe at its
// end.

import { closeSync, constants, openSync, readSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from '../../core/errors.js';
import { pipeSource } from './pipe.js';
import type { RawSource } from './raw-source.js';

/**
 * Opens a pipe and waits for its first writer. Rejects with the signal's reason or with a system error.
 * @param failure converts a system error of a later read into the error with which this read rejects
 */
export async function openFifo(
  path: string,
  signal: AbortSignal,
  failure: (error: unknown) => unknown,
): Promise<RawSource> {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    // A process substitution `<(…)` has no path in the file system. Its writer opened the pipe before this program
    // started, and may already have closed the pipe. So only a named pipe has to wait for its first writer.
    const named = await realpath(path).then(
      () => true,
      () => false,
    );
    const first = named ? await firstBytes(descriptor, signal) : new Uint8Array(0);
    return pipeSource(descriptor, first, failure);
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

/** Returns the bytes that the first writer has sent so far; empty if the writer has not sent bytes yet. */
async function firstBytes(descriptor: number, signal: AbortSignal): Promise<Uint8Array> {
  const buffer = new Uint8Array(4096);
  for (;;) {
    signal.throwIfAborted();
    const count = tryRead(descriptor, buffer);
    if (count !== 0) return buffer.slice(0, count ?? 0);
    await sleep(20, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

/** Returns the number of bytes read; 0 without a writer, null if the writer has not sent bytes yet. */
function tryRead(descriptor: number, buffer: Uint8Array): number | null {
  try {
    return readSync(descriptor, buffer);
  } catch (error) {
    if (errorCode(error) === 'EAGAIN') return null;
    throw error;
  }
}
