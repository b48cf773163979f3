// The other thread of a scan: takes windows as they come, scans them in memory of its own, and hands each pane back with
// what was found in it. Ends when it is told to, or with the program.

import { parentPort, workerData } from 'node:worker_threads';
import type { Shape } from '../../model.js';
import { POINT_WORDS } from '../../model.js';
import { Passage } from '../passage.js';
import { Scan } from '../scan.js';
import type { Answer, Ask, Run, Task } from './messages.js';

const { options, wanted } = workerData as Task;
const port = parentPort!;
const scan = new Scan(options);
const passage = new Passage(scan);
const { index: indexAt } = scan.layout;
const [chunkAt] = scan.layout.windows;
/** Windows that came while one before them was not drained. */
const waiting: Extract<Ask, { do: 'window' }>[] = [];
let drained = true;
/** Bytes of the unfinished line, which lie before the chunk. */
let carried = 0;
let told = 0;

port.on('message', (ask: Ask) => {
  if (ask.do === 'begin') begin(ask);
  else if (ask.do === 'more') resume(ask);
  else if (drained) open(ask);
  else waiting.push(ask);
});

function begin({ start }: Extract<Ask, { do: 'begin' }>): void {
  passage.begin(start);
  carried = 0;
  drained = true;
}

function open({ input, pane, length }: Extract<Ask, { do: 'window' }>): void {
  if (!isWanted(input)) {
    leave(input, pane);
    return;
  }
  const bytes = new Uint8Array(pane);
  bytes.set(scan.bytes.subarray(chunkAt - carried, chunkAt), chunkAt - carried);
  scan.bytes.set(bytes.subarray(chunkAt, chunkAt + length), chunkAt);
  passage.chunk(chunkAt, length);
  step(input, pane);
}

function resume({ input, pane }: Extract<Ask, { do: 'more' }>): void {
  if (isWanted(input)) step(input, pane);
  else leave(input, pane);
  while (drained && waiting.length > 0) open(waiting.shift()!);
}

/** The next run of the window. */
function step(input: number, pane: ArrayBuffer): void {
  const found = passage.run();
  drained = found.drained;
  const run = found.worth ? runIn(pane) : null;
  if (drained) carried = passage.carry(chunkAt);
  answer({ input, pane, drained, run });
}

function leave(input: number, pane: ArrayBuffer): void {
  drained = true;
  answer({ input, pane, drained, run: null });
}

/** Copies index and rewritten points to where they belong in the pane. */
function runIn(pane: ArrayBuffer): Run {
  const { index, count, rejects, firstLine, line, written, shapes } = scan;
  new Uint32Array(pane, indexAt, count * POINT_WORDS).set(index.subarray(0, count * POINT_WORDS));
  new Uint8Array(pane).set(scan.bytes.subarray(written.from, written.to), written.from);
  const fresh: Shape[] = [];
  while (told < shapes.count) fresh.push(shapes.shape(told++));
  const { origin, end } = passage;
  return { count, rejects, firstLine, endLine: line, origin, end, shapes: fresh };
}

function isWanted(input: number): boolean {
  return Atomics.load(wanted, 0) === input;
}

function answer(said: Answer): void {
  port.postMessage(said, [said.pane]);
}
