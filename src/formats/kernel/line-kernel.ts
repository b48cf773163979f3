// Loads the compiled fast path and hands it the memory it shares with the exact check.

import { readFileSync } from 'node:fs';
import { BugError } from '../../core/errors.js';
import { packaged } from '../../core/packaged.js';
import { type WasmMemory, wasm } from './wasm.js';

/** Word offsets of what the kernel leaves: entries written, and the line number it goes on from. */
const COUNT = 256;
const LINE = 257;

/** What the kernel has to know besides the bytes. */
export interface KernelSettings {
  readonly seed: bigint;
  /** Largest timestamp, in the unit of the input. */
  readonly timeLimit: bigint;
  readonly maxPointBytes: number;
  readonly stampMissing: boolean;
  /** Offset and slots of the table of shapes. */
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

/** Takes ordinary lines; what it cannot tell it leaves, at the start of a line, to the exact check. */
export interface Kernel {
  /** To be called when other bytes come to stand in the windows. */
  forget(): void;
  /**
   * Writes entries from offset `entry` on for the lines at `at`, counting lines from `line`.
   * @returns where it stopped; how many it took is in `taken`.
   */
  take(at: number, limit: number, entry: number, entriesEnd: number, line: number): number;
  readonly taken: number;
}

/** The same kernel for a memory that two threads see: WebAssembly has that in the module's type. */
function compiled({ buffer }: WasmMemory): Uint8Array {
  const name = buffer instanceof SharedArrayBuffer ? 'kernel-shared.wasm' : 'kernel.wasm';
  try {
    return readFileSync(packaged(`dist/formats/${name}`));
  } catch (cause) {
    throw new BugError('loading the line-protocol kernel — it is not built — run npm run build', { cause });
  }
}

/** An instance over `memory`. */
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
