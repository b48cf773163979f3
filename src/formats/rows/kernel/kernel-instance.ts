// Loads the WebAssembly parser of rows into a memory, on the main thread or on a worker thread.

import { readFileSync } from 'node:fs';
import { BugError } from '../../../core/errors.js';
import { packaged } from '../../../core/version.js';
import { type WasmMemory, wasm } from '../../../core/wasm.js';
import type { TimeCell } from '../../timestamps/time-cell.js';

export type TakeRows = (at: number, limit: number, entry: number, entriesEnd: number) => number;

export interface RowKernelExports {
  readonly configure: (
    pointBytes: number,
    keyBytes: number,
    outEnd: number,
    nullsEnd: number,
    limit: bigint,
    places: number,
    numbers: number,
    dates: number,
    utc: number,
  ) => void;
  readonly map: (time: number, name: number, decimal: number) => void;
  readonly plans: (first: number) => void;
  readonly learn: (plan: number, shape: number) => void;
  readonly dialect: (
    columns: number,
    delimiter: number,
    quote: number,
    escapeByte: number,
    date: number,
    clock: number,
  ) => void;
  readonly csv: TakeRows;
  readonly keys: (first: number, end: number, columns: number) => void;
  readonly ndjson: TakeRows;
  readonly columns: (first: number, end: number, cells: number, powers: number) => void;
  readonly block: (rows: number, next: number) => void;
  readonly parquet: TakeRows;
}

/** Arguments of the last call of each setup function. A worker thread repeats these calls to prepare its own parser. */
export interface KernelCalls {
  readonly configure: Parameters<RowKernelExports['configure']>;
  readonly map: Parameters<RowKernelExports['map']>;
  readonly plans: Parameters<RowKernelExports['plans']>;
  readonly dialect?: Parameters<RowKernelExports['dialect']>;
  readonly keys?: Parameters<RowKernelExports['keys']>;
}

/**
 * The state of the WebAssembly parser, for its copy in another thread: the first `KERNEL_END` bytes of the memory, the
 * setup calls, and the name of the function that parses the format.
 */
export interface KernelImage {
  readonly bytes: Uint8Array;
  readonly calls: KernelCalls;
  readonly take: 'csv' | 'ndjson';
}

/** Loads the WebAssembly parser into a memory. Throws BugError if the build has not created the parser's file. */
export function rowKernelIn(memory: WasmMemory, time: TimeCell, binary = compiled(memory)): RowKernelExports {
  const put = (from: number, to: number, out: number): number => time.put(from, to, out);
  const instance = new wasm.Instance(new wasm.Module(binary), { env: { memory, time: put } });
  return instance.exports as unknown as RowKernelExports;
}

function compiled({ buffer }: WasmMemory): Uint8Array {
  const name = buffer instanceof SharedArrayBuffer ? 'rows-shared' : 'rows';
  try {
    return readFileSync(packaged(`dist/formats/${name}.wasm`));
  } catch (cause) {
    throw new BugError('the kernel for rows is not built: run npm run build', { cause });
  }
}
