// The part of WebAssembly that this project uses. TypeScript declares WebAssembly only in its DOM library.

import { MemoryLimitError } from './errors.js';
import { size } from './text.js';

/** A linear memory. A shared memory can be sent to another thread. */
export interface WasmMemory {
  readonly buffer: ArrayBufferLike;
}

interface Wasm {
  readonly Memory: new (descriptor: { initial: number; maximum: number; shared?: boolean }) => WasmMemory;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: Record<string, unknown> };
}

/** WebAssembly with the types of this file. */
export const wasm = (globalThis as unknown as { readonly WebAssembly: Wasm }).WebAssembly;

/** Size of a page of WebAssembly memory, bytes. */
const pageBytes = 65_536;

/** Rounds a number of bytes up to whole pages of WebAssembly memory. */
export function wholePages(bytes: number): number {
  return Math.ceil(bytes / pageBytes) * pageBytes;
}

/**
 * Creates a memory of fixed size. Other threads can use a shared memory. Throws MemoryLimitError if `ulimit -v` forbids
 * the gigabytes of addresses that V8 reserves for the memory.
 */
export function memoryOf(bytes: number, shared = false): WasmMemory {
  const pages = bytes / pageBytes;
  try {
    return new wasm.Memory({ initial: pages, maximum: pages, shared });
  } catch (cause) {
    const problem = {
      tried: 'allocating the memory of the parser',
      expected: `${size(bytes)} of memory, and 10 GiB of address space around it`,
      found: cause instanceof Error ? cause.message : String(cause),
      fix: 'raise `ulimit -v`, or set NODE_OPTIONS=--disable-wasm-trap-handler',
    };
    throw new MemoryLimitError(problem, { cause });
  }
}
