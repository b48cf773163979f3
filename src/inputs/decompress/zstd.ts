// zstd by the WASM build in zstddec, on every Node: Node's own stream (seen in 24.21) ends without a word after the
// first of several frames. The decoder's functions are called directly: the library's loop ignores their errors,
// so it never ends on damaged data, and it leaks what it holds when it is left early.

import { copyBytes } from '../../core/bytes.js';
import { BugError, InputError } from '../../core/errors.js';
import type { ByteSource, FileBytes, MemoryBudget } from '../../core/types/index.js';
import type { RawSource } from '../local/raw-source.js';
import { inputLabel } from './sniff.js';
import { longestHeader, windowBytes } from './zstd-window.js';

/** What ZSTD_DStreamInSize and ZSTD_DStreamOutSize recommend. */
const INPUT_BYTES = 128 * 1024;
const OUTPUT_BYTES = 128 * 1024;

/** Error codes of zstd_errors.h that say more than "damaged". */
const causes: Record<number, string> = {
  10: 'something that is not zstd after a frame',
  14: 'a format that is too new',
  16: 'a window over 128 MiB; compress it again with --long=27 or less',
  22: 'a wrong checksum',
  32: 'a dictionary that is needed to read it',
  64: 'a window that does not fit into memory',
};

interface Decoder {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly malloc: (bytes: number) => number;
  readonly free: (pointer: number) => void;
  readonly ZSTD_createDCtx: () => number;
  readonly ZSTD_freeDCtx: (context: number) => void;
  /** Hint of how much more it wants, 0 at the end of a frame; negative: minus an error code. */
  readonly ZSTD_decompressStream: (context: number, output: number, input: number) => number;
}

let loading: Promise<Decoder> | undefined;

async function load(): Promise<Decoder> {
  // A copy of the module for us alone: one hands its functions out once, to the first who asks in the whole program.
  const copy = `${import.meta.resolve('zstddec/stream')}?bulk-load`;
  const { ZSTDDecoder } = (await import(copy)) as typeof import('zstddec/stream');
  const decoder = new ZSTDDecoder();
  let found: object | undefined;
  const keep = decoder._init.bind(decoder);
  decoder._init = (result: { readonly instance: { readonly exports: object } }) => {
    found = result.instance.exports;
    // The library answers when the memory grows, and needs the instance for that.
    keep(result);
  };
  await decoder.init();
  if (!found || !('ZSTD_decompressStream' in found && 'malloc' in found && 'free' in found))
    throw new BugError(
      'loading the zstd decoder: expected the functions of zstddec 0.3.4, got others; install again with: npm ci',
    );
  return found as unknown as Decoder;
}

/**
 * Takes over `raw`. Besides 384 KiB of buffers an open source holds the window that its frames ask for
 * (2 MiB at level 3, 8 MiB at 19), 128 MiB and what `room` leaves at most. Memory once taken stays with the decoder and is used again.
 */
export async function zstdSource(raw: RawSource, name: string, room?: MemoryBudget): Promise<ByteSource> {
  loading ??= load();
  return new ZstdSource(await loading, raw, name, room);
}

class ZstdSource implements ByteSource {
  readonly compression = 'zstd';
  readonly file?: FileBytes;
  readonly #decoder: Decoder;
  readonly #raw: RawSource;
  readonly #name: string;
  readonly #room: MemoryBudget | undefined;
  readonly #context: number;
  /** One block: two structs { pointer, size, position } of 12 bytes, input, output. */
  readonly #block: number;
  readonly #buffer = new Uint8Array(INPUT_BYTES);
  /** First bytes of the current frame, until its window is known. */
  readonly #head = new Uint8Array(longestHeader);
  #headBytes = 0;
  #windowKnown = false;
  #held = 0;
  #taken = 0;
  /** The decoder's last answer; 0 between frames. */
  #wanted = 0;
  /** It may have more to give without being fed. */
  #full = false;
  #decoded = 0;
  #closed: Promise<void> | undefined;

  constructor(decoder: Decoder, raw: RawSource, name: string, room?: MemoryBudget) {
    this.#decoder = decoder;
    this.#raw = raw;
    if (raw.file !== undefined) this.file = raw.file;
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
      while (this.#taken < this.#held || this.#full) {
        const count = this.#decode(into);
        if (count > 0) return count;
      }
      if (!(await this.#refill(signal))) return this.#finish();
    }
  }

  async #refill(signal: AbortSignal): Promise<boolean> {
    this.#held = await this.#raw.read(this.#buffer, signal);
    this.#taken = 0;
    // Looked up only now: memory that grew while we waited has left its old buffer behind.
    new Uint8Array(this.#decoder.memory.buffer).set(this.#buffer.subarray(0, this.#held), this.#block + 24);
    return this.#held > 0;
  }

  /** One step of the decoder; bytes written to `into`. */
  #decode(into: Uint8Array): number {
    const [input, output, from] = [this.#block, this.#block + 12, this.#block + 24 + INPUT_BYTES];
    const room = Math.min(into.length, OUTPUT_BYTES);
    const before = new DataView(this.#decoder.memory.buffer);
    [this.#block + 24, this.#windowKnown ? this.#held : this.#headed(), this.#taken].forEach((word, i) => {
      before.setUint32(input + 4 * i, word, true);
    });
    [from, room, 0].forEach((word, i) => {
      before.setUint32(output + 4 * i, word, true);
    });
    const wanted = this.#decoder.ZSTD_decompressStream(this.#context, output, input);
    if (wanted < 0) throw this.#damaged(causes[-wanted] ?? `damaged data (zstd error ${-wanted})`);
    const after = new DataView(this.#decoder.memory.buffer);
    const count = after.getUint32(output + 8, true);
    this.#taken = after.getUint32(input + 8, true);
    this.#wanted = wanted;
    if (wanted === 0) this.#nextFrame();
    this.#full = count === room && wanted !== 0;
    copyBytes(new Uint8Array(after.buffer), from, from + count, into, 0);
    this.#decoded += count;
    return count;
  }

  #nextFrame(): void {
    this.#windowKnown = false;
    this.#headBytes = 0;
  }

  /** The decoder takes its memory with the last byte of a header: until that is known it gets them one by one. */
  #headed(): number {
    if (this.#taken === this.#held) return this.#held;
    this.#head[this.#headBytes++] = this.#buffer[this.#taken]!;
    const window = windowBytes(this.#head.subarray(0, this.#headBytes));
    if (window === null) return this.#taken + 1;
    this.#windowKnown = true;
    if (this.#room !== undefined && window > this.#room.bytes) throw this.#tooWide(window, this.#room);
    return this.#held;
  }

  #tooWide(window: number, room: MemoryBudget): InputError {
    const mib = (bytes: number): string => `${Math.ceil(bytes / 1_048_576)} MiB`;
    const limit = room.limitFor(window);
    const advice = limit === null ? '' : `raise --memory-limit to ${limit}, or `;
    return new InputError(
      `reading ${inputLabel(this.#name)}: expected a zstd window of at most ${mib(room.bytes)}, which is what the memory limit leaves, got one of ${mib(window)}; ${advice}compress it again without --long or --ultra`,
    );
  }

  #finish(): number {
    if (this.#wanted !== 0) throw this.#damaged('a file that is cut short');
    return 0;
  }

  #damaged(found: string): InputError {
    return new InputError(
      `reading ${inputLabel(this.#name)}: expected zstd data up to its end, got ${found} after ${this.bytesRead} bytes, ${this.#decoded} decoded; fetch or make the file again`,
    );
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
