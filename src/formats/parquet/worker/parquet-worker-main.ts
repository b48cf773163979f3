// Code of the worker thread that reads Parquet: decodes pages, and writes the rows and points of each run (`Points`) to
// an area: memory for one run, which this thread shares with the main thread.

import { read } from 'node:fs';
import { promisify } from 'node:util';
import { parentPort, workerData } from 'node:worker_threads';
import { summarizeRun } from '../../../core/points/summarize-run.js';
import type { FileBytes, Shape } from '../../../core/types/index.js';
import { FieldColumns } from '../../rows/mapping/field-columns.js';
import { RowFormatMemory } from '../../rows/rows.js';
import { parquetPoints } from '../parquet-reader.js';
import * as messages from './parquet-worker-messages.js';
import { areaCount, areaShift, pointsPerArea } from './run-areas.js';

const { options, isOneOfSeveral, memory } = workerData as messages.ParquetTask;
const port = parentPort!;
/** Areas that the main thread does not use. */
const free = Array.from({ length: areaCount }, (_, i) => i);
const readAt = promisify(read);
const rows = new RowFormatMemory(isOneOfSeveral ? { ...options, fieldColumns: new FieldColumns() } : options, memory);
let sentShapes = 0;
let bytesRead = 0;
let input = new AbortController();
/** Wakes `useFreeArea`, which waits until the main thread gives back an area. */
let wake: () => void = () => {};

port.on('message', (request: messages.ParquetRequest) => {
  if (request.do === 'begin') void readInput(request);
  else if (request.do === 'stop') input.abort(new Error('the input has ended'));
  else free.push(request.area);
  wake();
});

async function readInput(begin: Extract<messages.ParquetRequest, { do: 'begin' }>): Promise<void> {
  const { name, budgetBytes, folderColumns, fieldTypes, start } = begin;
  input = new AbortController();
  const { signal } = input;
  rows.useFolders(folderColumns);
  rows.fieldTypes.add(fieldTypes);
  // The main thread checks field types and memory limits, because only the main thread knows the other inputs and how
  // memory is divided.
  const source = { file: fileOf(begin), name, budget: { bytes: budgetBytes, limitFor: () => null }, types: new Map() };
  let error: messages.ErrorParts | null = null;
  let area: number | null = null;
  try {
    area = await useFreeArea(signal);
    for await (const run of parquetPoints(source, rows, signal, start)) {
      rows.run.maxPoints = pointsPerArea(run, rows.run.layout);
      const { count, rejects, firstLine, endLine, origin, end } = run;
      const shapes: Shape[] = [];
      while (sentShapes < rows.shapes.count) shapes.push(run.shape(sentShapes++));
      const summary = summarizeRun(run.bytes, run.index, count);
      const places = { firstLine, endLine, origin, end };
      const filled: number = area;
      area = null;
      respond({ area: filled, count, rejects, ...places, shapes, summary, bytesRead: takeBytesRead() });
      area = await useFreeArea(signal);
    }
  } catch (cause) {
    error = messages.partsOf(cause);
  }
  if (area !== null) free.push(area);
  respond({ error, fieldTypes: rows.fieldTypes.all, bytesRead: takeBytesRead() });
}

/** Waits until an area is free, and lets the next points be written to this area. */
async function useFreeArea(signal: AbortSignal): Promise<number> {
  while (free.length === 0) {
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
    signal.throwIfAborted();
  }
  const area = free.pop()!;
  rows.useArea(areaShift(rows.run.layout, area));
  return area;
}

function fileOf({ descriptor, size }: { readonly descriptor: number; readonly size: number }): FileBytes {
  return {
    size,
    bytes: async (from, to) => {
      const block = new Uint8Array(to - from);
      let length = 0;
      while (length < block.length) {
        const { bytesRead: count } = await readAt(descriptor, block, length, block.length - length, from + length);
        if (count === 0) break;
        length += count;
      }
      bytesRead += length;
      return block.subarray(0, length);
    },
  };
}

function takeBytesRead(): number {
  const count = bytesRead;
  bytesRead = 0;
  return count;
}

function respond(response: messages.ParquetResponse): void {
  port.postMessage(response);
}
