// Decodes gzip (RFC 1952). Node's decoder for gzip drops the data just before damage, and ignores everything after zero
// padding. So this file reads headers, trailers and padding, and zlib decodes each member as raw deflate, off the main
// thread. Small members after the first are decoded synchronously, because a stream for each member would take 100 µs.

import { crc32, createInflateRaw, type InflateRaw, inflateRawSync } from 'node:zlib';
import { InputError } from '../../core/errors.js';
import { copyBytes } from '../../core/io/byte-source.js';
import { count } from '../../core/text.js';
import type { ByteSource, FileBytes } from '../../core/types/index.js';
import { countUsedBuffer } from '../../core/v8.js';
import { inputLabel, type RawSource } from '../local/raw-source.js';
import { StreamSource } from '../local/stream-source.js';
import { decodedBeforeDamage } from './gzip-damage.js';

/**
 * Bytes of input per call of zlib. With 64 KiB of input and 256 KiB of output, zlib takes 25 % more CPU time. With
 * 256 KiB of input and 1 MiB of output, zlib takes 10 % less CPU time, but more memory (Node 20.20).
 */
const INPUT_BYTES = 256 * 1024;
/** Bytes of input per call for a file below `SMALL_FILE`. With more, the progress bar would run ahead of the load. */
const SMALL_FILE_INPUT = 64 * 1024;
const SMALL_FILE = 16 * 1024 * 1024;
/** Bytes of output per call of zlib. At most three such buffers exist at once. */
const OUTPUT_BYTES = 512 * 1024;
/** Decoded bytes that the main thread buffers ahead. With more, the progress bar would run ahead of the target. */
const AHEAD_BYTES = 64 * 1024;
/** Bytes of input per call of zlib near the start of an input, so that damage there loses little decoded data. */
const FIRST_BYTES = 2 * 1024;
/** Largest compressed size of a small member, bytes. After a small member, the next member is probably small, too. */
const SMALL_MEMBER = 32 * 1024;

/** Creates a source of the decoded bytes. It decodes `aheadBytes` ahead of reads. Closing the source closes `raw`. */
export function gunzipSource(raw: RawSource, name: string, aheadBytes = AHEAD_BYTES): ByteSource {
  return new GunzipSource(raw, name, aheadBytes);
}

/** A deflate stream and the loop that feeds it. */
interface OpenMember {
  readonly inflate: InflateRaw;
  readonly output: StreamSource;
  /** Rejects with the error of the input or decoder. Resolves with true if the input contains the whole member. */
  readonly fed: Promise<boolean>;
}

class GunzipSource implements ByteSource {
  readonly compression = 'gzip';
  readonly file?: FileBytes;
  readonly version: string | null;
  readonly #raw: RawSource;
  readonly #name: string;
  readonly #aheadBytes: number;
  readonly #stop = new AbortController();
  readonly #buffer: Uint8Array;
  #at = 0;
  #end = 0;
  #member: OpenMember | null = null;
  /** Output of a small member that still has to be returned. */
  #rest: Uint8Array = new Uint8Array(0);
  /** True if the trailer of a small member must be checked once its output was returned. */
  #trailerDue = false;
  #members = 0;
  /** Compressed size of the last member. Initial value: the file size, or infinity for a pipe. */
  #lastMemberBytes: number;
  #crc = 0;
  #memberBytes = 0;
  #decodedBytes = 0;
  /** File offsets: `#memberAt` is the start of the member's deflate data, `#chunkAt` the start of the last chunk. */
  #memberAt = 0;
  #chunkAt = 0;
  /** Yields the decoded data between the last returned byte and the damage; null while no damage was found. */
  #recovery: AsyncGenerator<Uint8Array, void> | null = null;

  constructor(raw: RawSource, name: string, aheadBytes: number) {
    this.#raw = raw;
    this.#aheadBytes = aheadBytes;
    if (raw.file !== undefined) this.file = raw.file;
    this.version = raw.version ?? null;
    this.#name = name;
    this.#lastMemberBytes = raw.file?.size ?? Number.POSITIVE_INFINITY;
    this.#buffer = new Uint8Array(this.#lastMemberBytes < SMALL_FILE ? SMALL_FILE_INPUT : INPUT_BYTES);
  }

  get bytesRead(): number {
    return this.#raw.bytesRead;
  }

  async read(into: Uint8Array, signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    const abort = (): void => this.#stop.abort(signal.reason);
    signal.addEventListener('abort', abort);
    try {
      for (;;) {
        if (this.#rest.length > 0) return this.#fromRest(into);
        if (this.#trailerDue) await this.#checkTrailer();
        if (this.#member === null && !(await this.#beginMember())) return 0;
        if (this.#member === null) continue;
        const count = await this.#member.output.read(into, signal);
        if (count > 0) return this.#count(into.subarray(0, count));
        await this.#endMember(this.#member);
      }
    } catch (error) {
      if (await this.#recover(error)) return this.#fromRest(into);
      throw this.#failure(error);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** Fills `#rest` with bytes that the decoder dropped. Returns false after the last byte, and always for a pipe. */
  async #recover(error: unknown): Promise<boolean> {
    if (this.#recovery === null) {
      if (this.file === undefined || (error as NodeJS.ErrnoException).code !== 'Z_DATA_ERROR') return false;
      const [from, chunk] = [this.#memberAt, this.#chunkAt];
      const damaged = { from, chunk, end: this.#offset + this.#end - this.#at, returned: this.#memberBytes };
      this.#recovery = decodedBeforeDamage(this.file, damaged);
    }
    const { value } = await this.#recovery.next();
    this.#rest = value ?? this.#rest;
    return this.#rest.length > 0;
  }

  /** File offset of the next byte to decode. */
  get #offset(): number {
    return this.#raw.bytesRead - (this.#end - this.#at);
  }

  #fromRest(into: Uint8Array): number {
    const part = this.#rest.subarray(0, into.length);
    copyBytes(part, 0, part.length, into, 0);
    this.#rest = this.#rest.subarray(part.length);
    this.#decodedBytes += part.length;
    countUsedBuffer(part.length);
    return part.length;
  }

  #count(bytes: Uint8Array): number {
    this.#crc = crc32(bytes, this.#crc);
    this.#memberBytes += bytes.length;
    this.#decodedBytes += bytes.length;
    return bytes.length;
  }

  /** Reads the next header, then opens a large member or decodes a small member. Returns false at the input's end. */
  async #beginMember(): Promise<boolean> {
    if (this.#members > 0 && !(await this.#skipPadding())) return false;
    await this.#readHeader();
    this.#members += 1;
    this.#crc = 0;
    this.#memberBytes = 0;
    if (this.#lastMemberBytes < SMALL_MEMBER && this.#decodeSmall()) return true;
    this.#memberAt = this.#offset;
    const inflate = createInflateRaw({ chunkSize: OUTPUT_BYTES, ...{ readableHighWaterMark: this.#aheadBytes } });
    const output = new StreamSource(inflate, (error) => error, OUTPUT_BYTES);
    const fed = this.#feed(inflate);
    fed.catch((error: unknown) => inflate.destroy(error instanceof Error ? error : new Error(String(error))));
    this.#member = { inflate, output, fed };
    return true;
  }

  /** Skips zeros after a member. Returns false at the end of the input. */
  async #skipPadding(): Promise<boolean> {
    let padded = false;
    for (;;) {
      while (this.#at < this.#end && this.#buffer[this.#at] === 0) {
        this.#at += 1;
        padded = true;
      }
      if (this.#at === this.#end && (await this.#fill(1))) continue;
      if (this.#at === this.#end) return false;
      await this.#fill(2);
      const isMember = !padded && this.#buffer[this.#at] === 0x1f && this.#buffer[this.#at + 1] === 0x8b;
      if (!isMember) throw new Error('trailing garbage');
      return true;
    }
  }

  async #readHeader(): Promise<void> {
    const [, , method = 0, flags = 0] = await this.#take(10);
    if (method !== 8) throw new Error('unknown compression method');
    if ((flags & 0xe0) !== 0) throw new Error('unknown header flags set');
    if ((flags & 4) !== 0) {
      const [low = 0, high = 0] = await this.#take(2);
      for (let left = low + 256 * high; left > 0; left -= 1) await this.#byte();
    }
    // Skips the file name and the comment, which both end with a zero byte.
    if ((flags & 8) !== 0) while ((await this.#byte()) !== 0);
    if ((flags & 16) !== 0) while ((await this.#byte()) !== 0);
    if ((flags & 2) !== 0) await this.#take(2);
  }

  /** Decodes a member and returns true if the buffer contains the whole member. Otherwise returns false. */
  #decodeSmall(): boolean {
    const input = this.#buffer.subarray(this.#at, this.#end);
    try {
      const options = { info: true, maxOutputLength: OUTPUT_BYTES };
      const { buffer, engine } = inflateRawSync(input, options) as unknown as { buffer: Buffer; engine: InflateRaw };
      this.#at += engine.bytesWritten;
      this.#lastMemberBytes = engine.bytesWritten;
      this.#crc = crc32(buffer);
      this.#memberBytes = buffer.length;
      this.#rest = buffer;
      this.#trailerDue = true;
      return true;
    } catch {
      // The member is larger than the buffer, truncated or damaged. A stream then detects the cause.
      return false;
    }
  }

  /** Feeds input to a deflate stream, up to the end of its member. */
  async #feed(inflate: InflateRaw): Promise<boolean> {
    for (;;) {
      if (this.#at === this.#end && !(await this.#fill(1))) {
        inflate.end();
        return false;
      }
      const limit = this.bytesRead <= INPUT_BYTES ? this.#at + FIRST_BYTES : this.#end;
      const chunk = this.#buffer.subarray(this.#at, Math.min(this.#end, limit));
      this.#chunkAt = this.#offset;
      const consumed = await write(inflate, chunk);
      this.#at += consumed;
      this.#lastMemberBytes = inflate.bytesWritten;
      if (consumed < chunk.length) return true;
    }
  }

  async #endMember({ inflate, fed }: OpenMember): Promise<void> {
    const isWhole = await fed;
    this.#member = null;
    inflate.destroy();
    if (!isWhole) throw cutShort();
    await this.#checkTrailer();
  }

  async #checkTrailer(): Promise<void> {
    this.#trailerDue = false;
    const trailer = Buffer.from(await this.#take(8));
    if (trailer.readUInt32LE(0) !== this.#crc) throw new Error('incorrect data check');
    if (trailer.readUInt32LE(4) !== this.#memberBytes % 2 ** 32) throw new Error('incorrect length check');
  }

  async #byte(): Promise<number> {
    if (this.#at === this.#end && !(await this.#fill(1))) throw cutShort();
    return this.#buffer[this.#at++]!;
  }

  async #take(count: number): Promise<Uint8Array> {
    if (!(await this.#fill(count))) throw cutShort();
    this.#at += count;
    return this.#buffer.slice(this.#at - count, this.#at);
  }

  /** Reads until `count` bytes are buffered. Returns false if the input ends earlier. */
  async #fill(count: number): Promise<boolean> {
    if (this.#end - this.#at < count) {
      this.#buffer.copyWithin(0, this.#at, this.#end);
      this.#end -= this.#at;
      this.#at = 0;
    }
    while (this.#end - this.#at < count) {
      const read = await this.#raw.read(this.#buffer.subarray(this.#end), this.#stop.signal);
      if (read === 0) return false;
      this.#end += read;
    }
    return true;
  }

  #failure(error: unknown): unknown {
    if (error instanceof InputError || this.#stop.signal.aborted) return error;
    const { code, message } = error as NodeJS.ErrnoException;
    const found = code === 'Z_BUF_ERROR' ? 'a truncated file' : `damaged data (${message})`;
    return new InputError(
      {
        tried: `reading ${inputLabel(this.#name)}`,
        expected: 'gzip data up to the end of the input',
        found: `${found} after ${count(this.bytesRead)} bytes, ${count(this.#decodedBytes)} decoded`,
        fix: 'fetch or create the file again',
      },
      { cause: error },
    );
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#member?.output.close();
    await this.#raw.close();
  }
}

/** Writes a chunk to a decoder. Returns the number of consumed bytes, fewer than the chunk has if the member ends. */
function write(inflate: InflateRaw, chunk: Uint8Array): Promise<number> {
  const before = inflate.bytesWritten;
  return new Promise((resolve, reject) => {
    inflate.write(chunk, (error) => (error ? reject(error) : resolve(inflate.bytesWritten - before)));
  });
}

function cutShort(): Error {
  return Object.assign(new Error('unexpected end of file'), { code: 'Z_BUF_ERROR' });
}
