// Loads the compiled fast path over line protocol.

import { readFileSync } from 'node:fs';
import { BugError } from '../../core/errors.js';
import { packaged } from '../../core/version.js';
import { type WasmMemory, wasm } from '../../core/wasm.js';
import { STATE } from './assembly/lines/line-memory.js';

/** Word offsets of the kernel's results: number of entries written, and the line number at which the kernel continues. */
const COUNT = STATE / 4;
const LINE = STATE / 4 + 1;

/** The kernel's settings. */
export interface KernelSettings {
  readonly seed: bigint;
  /** Largest timestamp in the precision of the input. */
  readonly timeLimit: bigint;
  readonly maxPointBytes: number;
  readonly stampMissing: boolean;
  /** Offset of the shape table, and the number of its slots. */
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

/** Takes common lines. The kernel stops at the start of any other line, which the exact check then reads. */
export interface Kernel {
  /** Discards results about the bytes of the windows. Must be called when the bytes change. */
  forget(): void;
  /**
   * Writes entries from offset `entry` on for the lines from `at` on, counting lines from `line`.
   * @returns the offset at which the kernel stopped; `taken` is the number of lines
   */
  take(at: number, limit: number, entry: number, entriesEnd: number, line: number): number;
  readonly taken: number;
}

/** Reads the build for this memory. There are two builds, because a module declares whether its memory is shared. */
function compiled({ buffer }: WasmMemory): Uint8Array {
  const name = buffer instanceof SharedArrayBuffer ? 'kernel-shared.wasm' : 'kernel.wasm';
  try {
    return readFileSync(packaged(`dist/formats/${name}`));
  } catch (cause) {
    throw new BugError('the kernel for line protocol is not built: run npm run build', { cause });
  }
}

/** Creates an instance of the kernel on `memory`. Throws BugError if the kernel is not built. */
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
