// The worker thread that parses line protocol. The thread receives windows (parts of the input) in order, and responds
// with the points in each window.

import { parentPort, workerData } from 'node:worker_threads';
import { crc32 } from 'node:zlib';
import type { Shape } from '../../../core/types/index.js';
import { ChunkScanner } from '../chunk-scanner.js';
import { LineScan } from '../line-scan.js';
import type { PointRun, WorkerRequest, WorkerResponse, WorkerTask } from './worker-messages.js';

const { options, memory, wanted } = workerData as WorkerTask;
const port = parentPort!;
const scan = new LineScan(options, memory);
const scanner = new ChunkScanner(scan);
const { windows, carried: carriedEnd } = scan.layout;
/** Windows that wait because an earlier window still contains unread points. */
const queue: Extract<WorkerRequest, { do: 'window' }>[] = [];
let drained = true;
/** Number of bytes of the unfinished line. These bytes end at offset `carriedEnd`. */
let carried = 0;
let crc = 0;
let sentShapes = 0;

port.on('message', (request: WorkerRequest) => {
  if (request.do === 'begin') begin(request);
  else if (request.do === 'more') resume(request);
  else if (drained) open(request);
  else queue.push(request);
});

function begin({ start, sections, crc: before }: Extract<WorkerRequest, { do: 'begin' }>): void {
  scan.resumeIn(sections);
  scanner.begin(start);
  carried = 0;
  crc = before;
  drained = true;
}

function open({ input, window, length, unsummed }: Extract<WorkerRequest, { do: 'window' }>): void {
  const chunk = windows[window]!;
  // The checksum includes all bytes read, even if no more points are needed.
  if (unsummed > 0) crc = crc32(scan.bytes.subarray(chunk + length - unsummed, chunk + length), crc);
  const sum = unsummed > 0 ? crc : null;
  if (!isWanted(input)) {
    release(input, window, sum);
    return;
  }
  scan.bytes.copyWithin(chunk - carried, carriedEnd - carried, carriedEnd);
  scan.useWindow(window);
  scanner.chunk(chunk, length);
  step(input, window, sum);
}

function resume({ input, window }: Extract<WorkerRequest, { do: 'more' }>): void {
  if (isWanted(input)) step(input, window);
  else release(input, window);
  while (drained && queue.length > 0) open(queue.shift()!);
}

/** Responds with the next points of the window. */
function step(input: number, window: number, sum: number | null = null): void {
  const found = scanner.run();
  drained = found.drained;
  if (drained) carried = scanner.carry(carriedEnd);
  respond({ input, window, drained, run: found.isWorth ? currentRun() : null, crc: sum, refusal: scan.refusal });
}

function release(input: number, window: number, sum: number | null = null): void {
  drained = true;
  respond({ input, window, drained, run: null, crc: sum, refusal: null });
}

function currentRun(): PointRun {
  const { count, rejects, firstLine, line, shapes } = scan;
  const newShapes: Shape[] = [];
  while (sentShapes < shapes.count) newShapes.push(shapes.shape(sentShapes++));
  const { origin, end } = scanner;
  return { count, rejects, firstLine, endLine: line, origin, end, shapes: newShapes };
}

function isWanted(input: number): boolean {
  return Atomics.load(wanted, 0) === input;
}

function respond(response: WorkerResponse): void {
  port.postMessage(response);
}
