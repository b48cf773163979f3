// The program of the thread that decodes one gzip file. The thread decodes a few chunks ahead, and copies
// them into the memory of the next request.

import { parentPort, workerData } from 'node:worker_threads';
import { InputError } from '../../core/errors.js';
import { sharedFileSource } from '../local/file.js';
import { withChecksum } from '../local/raw-source.js';
import type { GunzipRequest, GunzipResponse, GunzipTask } from './gunzip-thread.js';
import { gunzipSource } from './gzip.js';

/**
 * The thread decodes up to this many bytes ahead of the requests. So it has enough work for the times in which the main
 * thread is busy and sends no request.
 */
const aheadBytes = 2 * 1024 * 1024;

const { file, name } = workerData as GunzipTask;
const port = parentPort!;
/** A signal that never aborts. To stop decoding, the main thread ends this thread. */
const { signal } = new AbortController();
const raw = withChecksum(sharedFileSource(file, name), true);
const source = gunzipSource(raw, name, aheadBytes);
/** Error of the input; null without an error. The thread first returns the bytes before the error, then reports it. */
let failure: { readonly cause: unknown } | null = null;

port.on('message', ({ memory, at, length }: GunzipRequest) => void decode(new Uint8Array(memory, at, length)));

async function decode(into: Uint8Array): Promise<void> {
  let length = 0;
  while (length < into.length && failure === null) {
    const count = await source.read(into.subarray(length), signal).catch((cause: unknown) => {
      failure = { cause };
      return 0;
    });
    if (count === 0) break;
    length += count;
  }
  if (length === 0 && failure !== null) respond({ problem: problemOf(failure.cause) });
  else respond({ length, bytesRead: source.bytesRead, checksum: raw.file?.checksum?.state ?? null });
  if (length === 0) port.close();
}

/** Returns the problem of an input error. Throws any other error, which ends the thread. */
function problemOf(error: unknown): Extract<GunzipResponse, { problem: unknown }>['problem'] {
  if (error instanceof InputError && error.problem !== null) return error.problem;
  throw error;
}

function respond(response: GunzipResponse): void {
  port.postMessage(response);
}
