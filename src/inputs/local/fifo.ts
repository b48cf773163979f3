// Named pipes and `<(…)`. Opened without blocking, since a blocked open or read holds a thread that nothing can
// interrupt; the price is that a pipe nobody writes to yet looks like one at its end.

import { closeSync, constants, openSync, readSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { pipeSource } from './pipe.js';
import type { RawSource } from './raw-source.js';

/**
 * Waits for a first writer; rejects with the signal's reason, or with a system error.
 * @param failure makes the error to reject with later from what the system reported
 */
export async function openFifo(
  path: string,
  signal: AbortSignal,
  failure: (error: unknown) => unknown,
): Promise<RawSource> {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    // `<(…)` has no name in the file system and its writer is there from the start, perhaps gone already.
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

/** What the first writer has sent so far; empty when it is there but has sent nothing yet. */
async function firstBytes(descriptor: number, signal: AbortSignal): Promise<Uint8Array> {
  const buffer = new Uint8Array(4096);
  for (;;) {
    signal.throwIfAborted();
    const count = attempt(descriptor, buffer);
    if (count !== 0) return buffer.slice(0, count ?? 0);
    await sleep(20, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

/** Bytes read; 0 when nobody has the pipe open for writing; null when somebody has but is silent. */
function attempt(descriptor: number, buffer: Uint8Array): number | null {
  try {
    return readSync(descriptor, buffer);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return null;
    throw error;
  }
}
