// The program of a compressor thread. Compresses each body in the shared memory to one gzip member.

import { parentPort, workerData } from 'node:worker_threads';
import { crc32 } from 'node:zlib';
import { wasm } from '../../../core/wasm.js';
import type { DeflateTask } from './deflate-thread.js';

const { memory, code, body, output } = workerData as DeflateTask;
const port = parentPort!;
const bytes = new Uint8Array(memory.buffer);
const view = new DataView(memory.buffer);
const instance = new wasm.Instance(new wasm.Module(code), { env: { memory } });
const deflate = instance.exports.deflate as (length: number) => number;

port.on('message', (length: number) => {
  const end = output + deflate(length);
  view.setUint32(end, crc32(bytes.subarray(body, body + length)), true);
  view.setUint32(end + 4, length, true);
  port.postMessage(end + 8 - output);
});
// Reports to the main thread that the compressor is ready.
port.postMessage(0);
