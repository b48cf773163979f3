// The other thread of a scan: takes windows as they come, and tells of each what was found in it. Ends when it is told to, or
// with the program.

import { parentPort, workerData } from 'node:worker_threads';
import type { Shape } from '../../../core/types/index.js';
import { ChunkScanner } from '../chunk-scanner.js';
import { Scan } from '../line-scan.js';
import type { PointRun, Task, WorkerRequest, WorkerResponse } from './worker-messages.js';

const { options, memory, wanted } = workerData as Task;
const port = parentPort!;
const scan = new Scan(options, memory);
const passage = new ChunkScanner(scan);
const { windows, carried: kept } = scan.layout;
/** Windows that came while one before them was not drained. */
const waiting: Extract<WorkerRequest, { do: 'window' }>[] = [];
let drained = true;
/** Bytes of the unfinished line, which is in none of the windows. */
let carried = 0;
let told = 0;

port.on('message', (ask: WorkerRequest) => {
  if (ask.do === 'begin') begin(ask);
  else if (ask.do === 'more') resume(ask);
  else if (drained) open(ask);
  else waiting.push(ask);
});

function begin({ start }: Extract<WorkerRequest, { do: 'begin' }>): void {
  passage.begin(start);
  carried = 0;
  drained = true;
}

function open({ input, window, length }: Extract<WorkerRequest, { do: 'window' }>): void {
  if (!isWanted(input)) {
    leave(input, window);
    return;
  }
  const chunk = windows[window]!;
  scan.bytes.copyWithin(chunk - carried, kept - carried, kept);
  scan.into(window);
  passage.chunk(chunk, length);
  step(input, window);
}

function resume({ input, window }: Extract<WorkerRequest, { do: 'more' }>): void {
  if (isWanted(input)) step(input, window);
  else leave(input, window);
  while (drained && waiting.length > 0) open(waiting.shift()!);
}

/** The next run of the window. */
function step(input: number, window: number): void {
  const found = passage.run();
  drained = found.drained;
  if (drained) carried = passage.carry(kept);
  answer({ input, window, drained, run: found.worth ? runFound() : null });
}

function leave(input: number, window: number): void {
  drained = true;
  answer({ input, window, drained, run: null });
}

function runFound(): PointRun {
  const { count, rejects, firstLine, line, shapes } = scan;
  const fresh: Shape[] = [];
  while (told < shapes.count) fresh.push(shapes.shape(told++));
  const { origin, end } = passage;
  return { count, rejects, firstLine, endLine: line, origin, end, shapes: fresh };
}

function isWanted(input: number): boolean {
  return Atomics.load(wanted, 0) === input;
}

function answer(said: WorkerResponse): void {
  port.postMessage(said);
}
