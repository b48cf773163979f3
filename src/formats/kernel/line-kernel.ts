// Loads the fast path for line protocol ("kernel"), which is compiled to WebAssembly.

import { readFileSync } from 'node:fs';
import { BugError } from '../../core/errors.js';
import { packaged } from '../../core/version.js';
import { type WasmMemory, wasm } from '../../core/wasm.js';
import { STATE } from './assembly/lines/line-memory.js';

/** Indexes of two 32-bit words of results: the number of lines read, and the number of the next physical line. */
const COUNT = STATE / 4;
const LINE = STATE / 4 + 1;

/** Settings of the fast path. */
export interface KernelSettings {
  readonly seed: bigint;
  /** Largest timestamp in the precision of the input. */
  readonly timeLimit: bigint;
  readonly maxPointBytes: number;
  readonly stampMissing: boolean;
  /**
   * Offset of the hash table of known shapes, and the number of its slots. A shape is a database table with a set of
   * columns.
   */
  readonly shapes: number;
  readonly shapeSlots: number;
}

interface LineKernelExports {
  readonly configure: (
    seed: bigint,
    limit: bigint,
    maxBytes: number,
    stamp: number,
    shapes: number,
    slots: number,
  ) => void;
  readonly forget: () => void;
  readonly take: (at: number, limit: number, entry: number, entriesEnd: number) => number;
}

/**
 * Fast path for common lines. The fast path stops at the start of any other line, which the exact check (PointReader)
 * then reads.
 */
export interface Kernel {
  /** Discards the list of structural bytes. Must be called when the input bytes in memory change. */
  forget(): void;
  /**
   * Reads the lines from offset `at` on, and writes their index entries from offset `entry` on. `line` is the number of
   * the first line.
   * @returns the offset at which the fast path stopped; `taken` is then the number of lines read
   */
  take(at: number, limit: number, entry: number, entriesEnd: number, line: number): number;
  readonly taken: number;
}

/**
 * Reads the compiled module for this memory. There are two modules, because a module declares whether its memory is
 * shared.
 */
function compiled({ buffer }: WasmMemory): Uint8Array {
  const name = buffer instanceof SharedArrayBuffer ? 'kernel-shared.wasm' : 'kernel.wasm';
  try {
    return readFileSync(packaged(`dist/formats/${name}`));
  } catch (cause) {
    throw new BugError('the kernel for line protocol is not built: run npm run build', { cause });
  }
}

/** Creates an instance of the fast path that works on `memory`. Throws BugError if its compiled module is missing. */
export function loadKernel(memory: WasmMemory, settings: KernelSettings, bytes = compiled(memory)): Kernel {
  const instance = new wasm.Instance(new wasm.Module(bytes), { env: { memory } });
  const { configure, forget, take } = instance.exports as unknown as LineKernelExports;
  const state = new Uint32Array(memory.buffer);
  const { seed, timeLimit, maxPointBytes, stampMissing, shapes, shapeSlots } = settings;
  configure(seed, timeLimit, maxPointBytes, Number(stampMissing), shapes, shapeSlots);
  return {
    forget,
    take: (at, limit, entry, entriesEnd, line) => {
      state[LINE] = line;
      return take(at, limit, entry, entriesEnd);
    },
    get taken() {
      return state[COUNT]!;
    },
  };
}
