// The part of WebAssembly that is used here. Its types otherwise come only with the DOM library.

/** A linear memory. A shared one can be sent to another thread. */
export interface WasmMemory {
  readonly buffer: ArrayBufferLike;
}

interface Wasm {
  readonly Memory: new (descriptor: { initial: number; maximum: number; shared?: boolean }) => WasmMemory;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: Record<string, unknown> };
}

/** The global object. */
export const wasm = (globalThis as unknown as { readonly WebAssembly: Wasm }).WebAssembly;

const pageBytes = 65_536;

/** Creates a memory of whole pages that never grows. Other threads can use a shared one. */
export function memoryOf(bytes: number, shared = false): WasmMemory {
  const pages = bytes / pageBytes;
  return new wasm.Memory({ initial: pages, maximum: pages, shared });
}
