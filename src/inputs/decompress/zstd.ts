// Decodes zstd with the WASM build in zstddec, in every version of Node: Node's own stream (24.21) silently ends after
// the first of several frames. This file calls the decoder's functions directly. The loop in zstddec ignores the errors
// of these functions, never ends on damaged data, and leaks memory if the caller stops reading early.

import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { BugError, InputError } from '../../core/errors.js';
import { copyBytes } from '../../core/io/byte-source.js';
import { count } from '../../core/text.js';
import type { ByteSource, FileBytes, MemoryBudget } from '../../core/types/index.js';
import { inputLabel, type RawSource } from '../local/raw-source.js';
import { longestHeader, windowBytes } from './zstd-window.js';

/** Buffer sizes that ZSTD_DStreamInSize and ZSTD_DStreamOutSize recommend. */
const INPUT_BYTES = 128 * 1024;
const OUTPUT_BYTES = 128 * 1024;

/** Text for the error codes of zstd_errors.h that are more specific than "damaged data". */
const causes: Record<number, string> = {
  10: 'bytes that are not zstd data after a zstd frame',
  14: 'a frame format that this decoder does not support',
  16: 'a window over 128 MiB; compress the data again with --long=27 or less',
  22: 'a wrong checksum',
  32: 'a frame that needs a dictionary',
  64: 'a window that does not fit into memory',
};

interface Decoder {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly malloc: (bytes: number) => number;
  readonly free: (pointer: number) => void;
  readonly ZSTD_createDCtx: () => number;
  readonly ZSTD_freeDCtx: (context: number) => void;
  /** Returns the recommended size of the next input, 0 at the end of a frame, or a negative error code. */
  readonly ZSTD_decompressStream: (context: number, output: number, input: number) => number;
}

let loading: Promise<Decoder> | undefined;

async function load(): Promise<Decoder> {
  // zstddec creates its WASM functions only once for each copy of its module, and `_init` receives them. The query
  // string loads a separate copy, so that the `_init` below receives them even if other code has used zstddec before.
  const { href } = pathToFileURL(createRequire(import.meta.url).resolve('zstddec/stream'));
  const copy = `${href}?bulk-load`;
  const { ZSTDDecoder } = (await import(copy)) as typeof import('zstddec/stream');
  const decoder = new ZSTDDecoder();
  let found: object | undefined;
  const init = decoder._init.bind(decoder);
  decoder._init = (result: { readonly instance: { readonly exports: object } }) => {
    found = result.instance.exports;
    // The library needs the instance, too. When the WASM memory has grown, the library asks the instance for it again.
    init(result);
  };
  await decoder.init();
  if (!found || !('ZSTD_decompressStream' in found && 'malloc' in found && 'free' in found))
    throw new BugError(
      'loading the zstd decoder: expected the functions of zstddec 0.3.4, found other functions. Run npm ci again.',
    );
  return found as unknown as Decoder;
}

/**
 * Creates a source of the decoded bytes. Closing the source closes `raw`. The source uses 384 KiB of buffers, and
 * memory for the window of its frames: 2 MiB at level 3, 8 MiB at level 19, never more than 128 MiB or `room.bytes`.
 * Later sources reuse this memory.
 */
export async function zstdSource(raw: RawSource, name: string, room?: MemoryBudget): Promise<ByteSource> {
  loading ??= load();
  return new ZstdSource(await loading, raw, name, room);
}

class ZstdSource implements ByteSource {
  readonly compression = 'zstd';
  readonly file?: FileBytes;
  readonly version: string | null;
  readonly #decoder: Decoder;
  readonly #raw: RawSource;
  readonly #name: string;
  readonly #room: MemoryBudget | undefined;
  readonly #context: number;
  /**
   * Address of a block of WASM memory. The block contains two structs { pointer, size, position } of 12 bytes, then the
   * input buffer and the output buffer.
   */
  readonly #block: number;
  readonly #buffer = new Uint8Array(INPUT_BYTES);
  /** First bytes of the current frame, collected until the size of its window is known. */
  readonly #head = new Uint8Array(longestHeader);
  #headBytes = 0;
  #windowKnown = false;
  #bufferedBytes = 0;
  #consumedBytes = 0;
  /** Last result of the decoder; 0 between frames. */
  #hint = 0;
  /** True if the decoder filled its output buffer. It may then write more output without further input. */
  #outputFull = false;
  #decodedBytes = 0;
  #closed: Promise<void> | undefined;

  constructor(decoder: Decoder, raw: RawSource, name: string, room?: MemoryBudget) {
    this.#decoder = decoder;
    this.#raw = raw;
    if (raw.file !== undefined) this.file = raw.file;
    this.version = raw.version ?? null;
    this.#name = name;
    this.#room = room;
    this.#context = decoder.ZSTD_createDCtx();
    this.#block = decoder.malloc(24 + INPUT_BYTES + OUTPUT_BYTES);
  }

  get bytesRead(): number {
    return this.#raw.bytesRead;
  }

  async read(into: Uint8Array, signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    for (;;) {
      while (this.#consumedBytes < this.#bufferedBytes || this.#outputFull) {
        const count = this.#decode(into);
        if (count > 0) return count;
      }
      if (!(await this.#refill(signal))) return this.#finish();
    }
  }

  async #refill(signal: AbortSignal): Promise<boolean> {
    this.#bufferedBytes = await this.#raw.read(this.#buffer, signal);
    this.#consumedBytes = 0;
    // Creates the view after the wait, because growing the WASM memory replaces its buffer.
    const memory = new Uint8Array(this.#decoder.memory.buffer);
    memory.set(this.#buffer.subarray(0, this.#bufferedBytes), this.#block + 24);
    return this.#bufferedBytes > 0;
  }

  /** Runs the decoder once. Returns the number of bytes written to `into`. */
  #decode(into: Uint8Array): number {
    const [input, output, from] = [this.#block, this.#block + 12, this.#block + 24 + INPUT_BYTES];
    const capacity = Math.min(into.length, OUTPUT_BYTES);
    const available = this.#windowKnown ? this.#bufferedBytes : this.#headerBytes();
    const before = new DataView(this.#decoder.memory.buffer);
    [this.#block + 24, available, this.#consumedBytes].forEach((word, i) => {
      before.setUint32(input + 4 * i, word, true);
    });
    [from, capacity, 0].forEach((word, i) => {
      before.setUint32(output + 4 * i, word, true);
    });
    const hint = this.#decoder.ZSTD_decompressStream(this.#context, output, input);
    if (hint < 0) throw this.#damaged(causes[-hint] ?? `damaged data (zstd error ${-hint})`);
    const after = new DataView(this.#decoder.memory.buffer);
    const count = after.getUint32(output + 8, true);
    this.#consumedBytes = after.getUint32(input + 8, true);
    this.#hint = hint;
    if (hint === 0) this.#nextFrame();
    this.#outputFull = count === capacity && hint !== 0;
    copyBytes(new Uint8Array(after.buffer), from, from + count, into, 0);
    this.#decodedBytes += count;
    return count;
  }

  #nextFrame(): void {
    this.#windowKnown = false;
    this.#headBytes = 0;
  }

  /**
   * Returns the offset up to which the decoder's next call may read the input buffer. When the decoder has the whole
   * header of a frame, it allocates memory for the window. So it gets a header byte by byte, until the size of the
   * window is known and fits into `#room`.
   */
  #headerBytes(): number {
    if (this.#consumedBytes === this.#bufferedBytes) return this.#bufferedBytes;
    this.#head[this.#headBytes++] = this.#buffer[this.#consumedBytes]!;
    const window = windowBytes(this.#head.subarray(0, this.#headBytes));
    if (window === null) return this.#consumedBytes + 1;
    this.#windowKnown = true;
    if (this.#room !== undefined && window > this.#room.bytes) throw this.#tooWide(window, this.#room);
    return this.#bufferedBytes;
  }

  #tooWide(window: number, room: MemoryBudget): InputError {
    const mib = (bytes: number): string => `${Math.ceil(bytes / 1_048_576)} MiB`;
    const limit = room.limitFor(window);
    const raise = limit === null ? '' : `raise --memory-limit to ${limit}, or `;
    return new InputError({
      tried: `reading ${inputLabel(this.#name)}`,
      expected: `a zstd window of at most ${mib(room.bytes)}, as the memory limit allows`,
      found: `a window of ${mib(window)}`,
      fix: `${raise}compress the data again without --long or --ultra`,
    });
  }

  #finish(): number {
    if (this.#hint !== 0) throw this.#damaged('a truncated file');
    return 0;
  }

  #damaged(found: string): InputError {
    return new InputError({
      tried: `reading ${inputLabel(this.#name)}`,
      expected: 'zstd data up to the end of the input',
      found: `${found} after ${count(this.bytesRead)} bytes, ${count(this.#decodedBytes)} decoded`,
      fix: 'fetch or create the file again',
    });
  }

  close(): Promise<void> {
    this.#closed ??= this.#release();
    return this.#closed;
  }

  #release(): Promise<void> {
    this.#decoder.free(this.#block);
    this.#decoder.ZSTD_freeDCtx(this.#context);
    return this.#raw.close();
  }
}
