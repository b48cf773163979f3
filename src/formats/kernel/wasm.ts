// The part of WebAssembly used here: its types come with the DOM library only, which has no place in this program.

/** A linear memory; a shared one can be sent to another thread. */
export interface WasmMemory {
  readonly buffer: ArrayBufferLike;
}

interface Wasm {
  readonly Memory: new (descriptor: { initial: number; maximum: number; shared?: boolean }) => WasmMemory;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: Record<string, unknown> };
}

/** The global of that name. */
export const wasm = (globalThis as unknown as { readonly WebAssembly: Wasm }).WebAssembly;

const pageBytes = 65_536;

/** A memory of so many bytes, whole pages, that never grows; `shared`: another thread can be sent it, and both see it. */
export function memoryOf(bytes: number, shared = false): WasmMemory {
  const pages = bytes / pageBytes;
  return new wasm.Memory({ initial: pages, maximum: pages, shared });
}
