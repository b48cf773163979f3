// Reads one range of a remote object across broken connections. After a break, the reader requests the last received
// bytes again and compares them before it continues.

import { InputError } from '../../core/errors.js';
import { count } from '../../core/text.js';
import { fullJitter } from '../../core/time/backoff.js';
import { changedInput } from '../changed-input.js';
import { StreamSource } from '../local/stream-source.js';
import { failedRequest, type RequestFailure } from './http-messages.js';
import type { ObjectPart, RemoteObject } from './remote-object.js';

/** After a break of the connection, this many bytes before the break are requested again and compared. */
const overlapBytes = 4096;
const backoff = { firstMs: 250, maxMs: 30_000 };

export class RangeReader {
  /** If requests deliver no new byte, they are repeated for this time, ms. */
  retryMs: number;
  readonly #object: RemoteObject;
  readonly #to: number | null;
  /** Offset of the next byte to return. */
  #at: number;
  #end: number | null = null;
  /**
   * Number of bytes that the first request asks for; null for the rest of the range. Later requests ask for the rest.
   */
  #window: number | null;
  #part: ObjectPart | null = null;
  #body: StreamSource | null = null;
  /** Offset of the next byte of the body; smaller than `#at` while the body repeats known bytes. */
  #bodyAt = 0;
  /** Value of `#at` when the current part began. */
  #partAt = 0;
  /** The last bytes that were returned. */
  #recent: Uint8Array = new Uint8Array(0);
  #failures = 0;
  #failingSince = 0;

  /**
   * @param to end of the range; null for the end of the object
   * @param window number of bytes that the first request asks for; null for the whole range
   */
  constructor(object: RemoteObject, from: number, to: number | null, window: number | null, retryMs: number) {
    this.#object = object;
    this.#at = from;
    this.#to = to;
    this.#window = window;
    this.retryMs = retryMs;
  }

  /** Reads like `ByteSource.read`. */
  async read(into: Uint8Array, signal: AbortSignal): Promise<number> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#at === (this.#to ?? this.#object.size) || this.#at === this.#end) return 0;
      if (this.#body === null && !(await this.#request(signal))) continue;
      const count = await this.#readBody(into, signal);
      if (count > 0) return count;
    }
  }

  async close(): Promise<void> {
    const body = this.#body;
    this.#body = null;
    await body?.close();
  }

  /** Requests the next part. Returns false if the request failed or the object has ended. */
  async #request(signal: AbortSignal): Promise<boolean> {
    const from = this.#at - this.#recent.length;
    const window = this.#window === null ? null : this.#at + this.#window;
    const part = await this.#object.part(from, smaller(window, this.#to), signal);
    if (part === null) {
      const { size } = this.#object;
      if (size !== null && this.#at < size)
        throw this.#failure('status 416, although the object has the requested range');
      this.#end = this.#at;
      return false;
    }
    if ('transient' in part) {
      await this.#failed(part, signal);
      return false;
    }
    this.#part = part;
    this.#bodyAt = part.from;
    this.#partAt = this.#at;
    this.#body = new StreamSource(part.body, (error) => error);
    return true;
  }

  /** Reads from the body. Returns the number of new bytes; 0 if the body repeated known bytes, ended, or broke off. */
  async #readBody(into: Uint8Array, signal: AbortSignal): Promise<number> {
    const repeated = this.#bodyAt < this.#at;
    const limit = (repeated ? this.#at : (this.#to ?? Number.POSITIVE_INFINITY)) - this.#bodyAt;
    const target = into.subarray(0, Math.min(into.length, limit));
    let count: number;
    try {
      count = await this.#body!.read(target, signal);
    } catch (error) {
      signal.throwIfAborted();
      await this.#failed(failedRequest(error), signal);
      return 0;
    }
    if (count === 0) return await this.#bodyEnded(signal);
    const bytes = target.subarray(0, count);
    if (repeated) this.#compare(bytes);
    this.#bodyAt += count;
    if (repeated) return 0;
    this.#failures = 0;
    this.#at += count;
    this.#remember(bytes);
    if (this.#bodyAt === this.#part!.to || this.#at === this.#to) await this.#partDone();
    return count;
  }

  async #bodyEnded(signal: AbortSignal): Promise<0> {
    const { to } = this.#part!;
    const retry = (reason: string): Promise<void> => this.#failed({ transient: true, reason, retryAfterMs: 0 }, signal);
    if (to !== null && this.#bodyAt < to) {
      await retry('a response that ended early');
      return 0;
    }
    if (to === null && this.#bodyAt < this.#at) throw this.#changed();
    if (to === null) this.#end = this.#at;
    // Waits before the next request. Otherwise a server that always sends no new bytes would get requests without a
    // pause.
    else if (this.#at === this.#partAt) {
      await retry('a response without new bytes');
      return 0;
    }
    await this.#partDone();
    return 0;
  }

  async #partDone(): Promise<void> {
    this.#window = null;
    const { body, to } = this.#part!;
    if (this.#bodyAt !== to) return await this.close();
    this.#body = null;
    // Reads the body to its end, so that the agent can reuse the connection.
    body.removeAllListeners('readable');
    body.resume();
  }

  #remember(bytes: Uint8Array): void {
    const before = bytes.length >= overlapBytes ? new Uint8Array(0) : this.#recent;
    const all = Buffer.concat([before, bytes.subarray(-overlapBytes)]);
    this.#recent = all.length > overlapBytes ? Buffer.from(all.subarray(-overlapBytes)) : all;
  }

  #compare(bytes: Uint8Array): void {
    const recentFrom = this.#at - this.#recent.length;
    const from = Math.max(this.#bodyAt, recentFrom);
    const to = this.#bodyAt + bytes.length;
    if (to <= from) return;
    const known = this.#recent.subarray(from - recentFrom, to - recentFrom);
    if (Buffer.compare(known, bytes.subarray(from - this.#bodyAt)) !== 0) throw this.#changed();
  }

  #changed(): InputError {
    const expected = `the bytes before offset ${this.#at} to be unchanged`;
    return changedInput(this.#object.name, expected, 'other bytes: the input changed while it was read');
  }

  /** Waits before the next request. Throws InputError for a permanent failure, or after `retryMs`. */
  async #failed({ transient, reason, retryAfterMs }: RequestFailure, signal: AbortSignal): Promise<void> {
    await this.close();
    const { clock, random } = this.#object.web;
    if (!transient) throw this.#failure(reason);
    const now = clock.monotonic();
    if (this.#failures === 0) this.#failingSince = now;
    this.#failures += 1;
    const wait = Math.max(retryAfterMs, fullJitter(this.#failures, backoff, random));
    const left = this.#failingSince + this.retryMs - now;
    if (wait < left) {
      this.#notifyRetry(reason);
      return await clock.sleep(wait, signal);
    }
    const seconds = Math.round((now - this.#failingSince) / 1000);
    throw this.#failure(this.#failures === 1 ? reason : `${reason}, ${this.#failures} times in ${seconds}s,`);
  }

  #notifyRetry(reason: string): void {
    const { name, size, web } = this.#object;
    const place = `${count(this.#at)}${size === null ? '' : ` of ${count(size)}`} bytes`;
    const next = this.#at === 0 ? 'trying again' : `resuming after ${place}`;
    web.notify({ level: 'warn', kind: 'input-retry', message: `reading ${name}: ${reason}; ${next}` });
  }

  #failure(reason: string): InputError {
    const { name, size } = this.#object;
    return new InputError({
      tried: `reading ${name}`,
      expected: size === null ? 'its content' : `${count(size)} bytes`,
      found: `${reason} after ${count(this.#at)} bytes`,
      fix: 'run the same command again when the server can be reached',
    });
  }
}

function smaller(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.min(one, other);
}
