// The part of WebAssembly used here: its types come with the DOM library only, which has no place in this program.

/** A linear memory. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

interface Wasm {
  readonly Memory: new (descriptor: { initial: number; maximum: number }) => WasmMemory;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: Record<string, unknown> };
}

/** The global of that name. */
export const wasm = (globalThis as unknown as { readonly WebAssembly: Wasm }).WebAssembly;
