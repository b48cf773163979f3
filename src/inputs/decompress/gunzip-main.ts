// The program of the thread that decodes one gzip file. The thread decodes while the shared memory has a free chunk.

import { parentPort, workerData } from 'node:worker_threads';
import { InputError } from '../../core/errors.js';
import { sharedFileSource } from '../local/file.js';
import { withChecksum } from '../local/raw-source.js';
import { chunkBytes, type GunzipResponse, type GunzipTask } from './gunzip-thread.js';
import { gunzipSource } from './gzip.js';

const { file, name, memory } = workerData as GunzipTask;
const port = parentPort!;
const bytes = new Uint8Array(memory);
/** A signal that never aborts, because the main thread ends this thread instead. */
const { signal } = new AbortController();
let free = bytes.length / chunkBytes;
let wake = (): void => {};

port.on('message', () => {
  free += 1;
  wake();
});

async function decode(): Promise<void> {
  const raw = withChecksum(sharedFileSource(file, name), true);
  const source = gunzipSource(raw, name);
  for (let at = 0; ; at = (at + chunkBytes) % bytes.length) {
    while (free === 0)
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    free -= 1;
    const length = await source.read(bytes.subarray(at, at + chunkBytes), signal);
    respond({ length, bytesRead: source.bytesRead, checksum: raw.file?.checksum?.state ?? null });
    if (length === 0) return;
  }
}

function respond(response: GunzipResponse): void {
  port.postMessage(response);
}

void decode()
  .catch((error: unknown) => {
    if (!(error instanceof InputError) || error.problem === null) throw error;
    respond({ problem: error.problem });
  })
  .finally(() => port.close());
