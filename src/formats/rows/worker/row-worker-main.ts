// Code of a worker thread that parses rows with the WebAssembly parser. The main thread parses the rows that this
// parser does not support.

import { parentPort, workerData } from 'node:worker_threads';
import { LF } from '../../../core/ascii.js';
import { summarizeRun } from '../../../core/points/summarize-run.js';
import { POINT_WORDS } from '../../../core/types/index.js';
import { STATE } from '../../kernel/assembly/rows/row-memory.js';
import { TimeCell } from '../../timestamps/time-cell.js';
import { type KernelImage, rowKernelIn, type TakeRows } from '../kernel/kernel-instance.js';
import type { KernelRun, RowJob, RowJobResult, RowWorkerTask } from './row-worker-messages.js';

const entryBytes = POINT_WORDS * 4;
/** A job ends when fewer bytes than this remain for points. */
const minRoom = 64 * 1024;
/**
 * A job ends after `maxLeft` unsupported rows, unless at least `minTaken` rows were parsed for each unsupported row.
 */
const maxLeft = 64;
const minTaken = 8;

const { memory, time, slots } = workerData as RowWorkerTask;
const port = parentPort!;
const bytes = new Uint8Array(memory.buffer);
const state = new Uint32Array(memory.buffer, STATE, 4);
const kernel = rowKernelIn(memory, new TimeCell(bytes, time));
let image: KernelImage | null = null;

port.on('message', (job: RowJob) => {
  if (job.image !== null) use(job.image);
  port.postMessage(take(job, kernel[image!.take]));
});

function use(next: KernelImage): void {
  image = next;
  bytes.set(next.bytes);
  const { map, plans, dialect, keys } = next.calls;
  kernel.map(...map);
  kernel.plans(...plans);
  if (dialect !== undefined) kernel.dialect(...dialect);
  if (keys !== undefined) kernel.keys(...keys);
}

function take({ slot, from, limit }: RowJob, takeRows: TakeRows): RowJobResult {
  const { index, indexPoints, out: firstOut, outEnd } = slots[slot]!;
  const [pointBytes, keyBytes, , ...others] = image!.calls.configure;
  kernel.configure(pointBytes, keyBytes, outEnd, ...others);
  const runs: KernelRun[] = [];
  let at = from;
  let out = firstOut;
  let entry = 0;
  for (let left = 0; at < limit; left++) {
    state[1] = 0;
    state[2] = out;
    const end = takeRows(at, limit, index + entry * entryBytes, index + indexPoints * entryBytes);
    const [count = 0, lines = 0, nextOut = 0, timeLength = 0] = state;
    if (count > 0) {
      const points = new Uint32Array(memory.buffer, index + entry * entryBytes, count * POINT_WORDS);
      const summary = summarizeRun(bytes, points, count);
      runs.push({ start: at, end, entry, count, lines, timeLength, summary });
    }
    entry += count;
    out = nextOut;
    if (entry > 0 && (entry === indexPoints || outEnd - out < minRoom)) return { slot, runs, rest: end };
    if (left >= maxLeft && entry < minTaken * left) break;
    at = end < limit ? bytes.indexOf(LF, end) + 1 : end;
  }
  return { slot, runs, rest: null };
}
