// gzip by Node's zlib, which decodes on another thread. It takes several members as one input, but forgets whatever
// follows zero padding; so what comes after the padding is looked at here.

import { createGunzip, type Gunzip } from 'node:zlib';
import { InputError } from '../../core/errors.js';
import type { ByteSource, FileBytes } from '../../core/types/index.js';
import { inputLabel, type RawSource } from '../local/raw-source.js';
import { StreamSource } from '../local/stream-source.js';

const INPUT_BYTES = 64 * 1024;
/** The default of 16 KiB is 3.5 times slower. At most three of these are alive: about 1 MiB in all. */
const OUTPUT_BYTES = 256 * 1024;

/** Takes over `raw`. */
export function gunzipSource(raw: RawSource, name: string): ByteSource {
  return new GunzipSource(raw, name);
}

class GunzipSource implements ByteSource {
  readonly compression = 'gzip';
  readonly file?: FileBytes;
  readonly #raw: RawSource;
  readonly #name: string;
  readonly #gunzip: Gunzip;
  readonly #decoded: StreamSource;
  readonly #stop = new AbortController();
  #feeding: Promise<void> | undefined;

  constructor(raw: RawSource, name: string) {
    this.#raw = raw;
    if (raw.file !== undefined) this.file = raw.file;
    this.#name = name;
    this.#gunzip = createGunzip({ chunkSize: OUTPUT_BYTES });
    this.#decoded = new StreamSource(this.#gunzip, (error) => this.#failure(error));
  }

  get bytesRead(): number {
    return this.#raw.bytesRead;
  }

  async read(into: Uint8Array, signal: AbortSignal): Promise<number> {
    this.#feeding ??= this.#feed().catch((error: unknown) => {
      this.#gunzip.destroy(error instanceof Error ? error : new Error(String(error)));
      throw error;
    });
    // Its failure is reported by the read that meets it.
    this.#feeding.catch(() => {});
    const giveUp = () => this.#stop.abort(signal.reason);
    signal.addEventListener('abort', giveUp);
    try {
      const count = await this.#decoded.read(into, signal);
      // The last member's end is not the end of the input: padding is still being looked at.
      if (count === 0) await this.#feeding;
      return count;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  async #feed(): Promise<void> {
    const buffer = new Uint8Array(INPUT_BYTES);
    let padded = false;
    for (;;) {
      const count = await this.#raw.read(buffer, this.#stop.signal);
      if (count === 0) break;
      const taken: number = padded ? 0 : await this.#write(buffer.subarray(0, count));
      padded ||= taken < count;
      if (buffer.subarray(taken, count).some((byte) => byte !== 0)) throw this.#failure(new Error('trailing garbage'));
    }
    this.#gunzip.end();
  }

  /** How many bytes the decoder wanted: fewer than given when padding begins among them. */
  #write(chunk: Uint8Array): Promise<number> {
    const before = this.#gunzip.bytesWritten;
    return new Promise((resolve, reject) => {
      this.#gunzip.write(chunk, (error) => (error ? reject(error) : resolve(this.#gunzip.bytesWritten - before)));
    });
  }

  #failure(error: unknown): unknown {
    if (error instanceof InputError || this.#stop.signal.aborted) return error;
    const { code, message } = error as NodeJS.ErrnoException;
    const found = code === 'Z_BUF_ERROR' ? 'a file that is cut short' : `damaged data (${message})`;
    return new InputError(
      {
        tried: `reading ${inputLabel(this.#name)}`,
        expected: 'gzip data up to its end',
        found: `${found} after ${this.bytesRead} bytes, ${this.#decoded.bytesRead} decoded`,
        fix: 'fetch or make the file again',
      },
      { cause: error },
    );
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#decoded.close();
    await this.#raw.close();
  }
}
