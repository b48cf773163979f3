// A part of an object, from one place to another, read as if its connection never broke: when it does, reading goes on
// behind the last byte, after a look at whether the bytes before it are still the same.

import { InputError } from '../../core/errors.js';
import { StreamSource } from '../local/stream-source.js';
import { type RequestFailure, troubleOf } from './http-messages.js';
import type { ObjectPart, RemoteObject } from './remote-object.js';

/** Bytes before the place where it goes on that are looked at again. */
const overlapBytes = 4096;
const firstWaitMs = 250;
const longestWaitMs = 30_000;

export class RangeReader {
  /** How long it is tried again without a byte. */
  patienceMs: number;
  readonly #object: RemoteObject;
  readonly #to: number | null;
  /** Where the next byte to be given lies. */
  #at: number;
  #end: number | null = null;
  /** The first request asks for so many bytes only. */
  #window: number | null;
  #part: ObjectPart | null = null;
  #body: StreamSource | null = null;
  /** Where the next byte of the body lies: before `#at` while what was read comes again. */
  #bodyAt = 0;
  /** What was to be given next when the part began. */
  #partAt = 0;
  /** The last bytes that were given. */
  #recent: Uint8Array = new Uint8Array(0);
  #failures = 0;
  #failingSince = 0;

  /**
   * @param to null: to its end
   * @param window bytes of the first request; null: all
   */
  constructor(object: RemoteObject, from: number, to: number | null, window: number | null, patienceMs: number) {
    this.#object = object;
    this.#at = from;
    this.#to = to;
    this.#window = window;
    this.patienceMs = patienceMs;
  }

  /** As `ByteSource.read`. */
  async read(into: Uint8Array, signal: AbortSignal): Promise<number> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#at === (this.#to ?? this.#object.size) || this.#at === this.#end) return 0;
      if (this.#body === null && !(await this.#begin(signal))) continue;
      const count = await this.#some(into, signal);
      if (count > 0) return count;
    }
  }

  async close(): Promise<void> {
    const body = this.#body;
    this.#body = null;
    await body?.close();
  }

  /** False: there is no body yet, or no more. */
  async #begin(signal: AbortSignal): Promise<boolean> {
    const from = this.#at - this.#recent.length;
    const window = this.#window === null ? null : this.#at + this.#window;
    const part = await this.#object.part(from, least(window, this.#to), signal);
    if (part === null) {
      const { size } = this.#object;
      if (size !== null && this.#at < size) throw this.#failure('416: a range it has is not given');
      this.#end = this.#at;
      return false;
    }
    if ('later' in part) {
      await this.#failed(part, signal);
      return false;
    }
    this.#part = part;
    this.#bodyAt = part.from;
    this.#partAt = this.#at;
    this.#body = new StreamSource(part.body, (error) => error);
    return true;
  }

  /** Bytes given; 0: what came was known, or the connection is over. */
  async #some(into: Uint8Array, signal: AbortSignal): Promise<number> {
    const again = this.#bodyAt < this.#at;
    const most = (again ? this.#at : (this.#to ?? Number.POSITIVE_INFINITY)) - this.#bodyAt;
    const room = into.subarray(0, Math.min(into.length, most));
    let count: number;
    try {
      count = await this.#body!.read(room, signal);
    } catch (error) {
      signal.throwIfAborted();
      await this.#failed(troubleOf(error), signal);
      return 0;
    }
    if (count === 0) return await this.#over(signal);
    const bytes = room.subarray(0, count);
    if (again) this.#compare(bytes);
    this.#bodyAt += count;
    if (again) return 0;
    this.#failures = 0;
    this.#at += count;
    this.#remember(bytes);
    if (this.#bodyAt === this.#part!.to || this.#at === this.#to) await this.#next();
    return count;
  }

  /** The body ended. */
  async #over(signal: AbortSignal): Promise<0> {
    const { to } = this.#part!;
    if (to !== null && this.#bodyAt < to) {
      await this.#failed({ later: true, reason: 'the answer ended early', retryAfterMs: 0 }, signal);
      return 0;
    }
    if (to === null && this.#bodyAt < this.#at) throw this.#changed();
    if (to === null) this.#end = this.#at;
    // Asked again at once, such a server would be asked for ever.
    else if (this.#at === this.#partAt) {
      await this.#failed({ later: true, reason: 'an answer without a new byte', retryAfterMs: 0 }, signal);
      return 0;
    }
    await this.#next();
    return 0;
  }

  async #next(): Promise<void> {
    this.#window = null;
    const { body, to } = this.#part!;
    if (this.#bodyAt !== to) return await this.close();
    this.#body = null;
    // Its end is taken as well, so that the connection can be used again.
    body.removeAllListeners('readable');
    body.resume();
  }

  #remember(bytes: Uint8Array): void {
    const kept = bytes.length >= overlapBytes ? new Uint8Array(0) : this.#recent;
    const all = Buffer.concat([kept, bytes.subarray(-overlapBytes)]);
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
    return new InputError(
      `reading ${this.#object.name}: expected the bytes before ${this.#at} to come again as they were, got others: ` +
        'it changed while read; load it again when it is complete',
    );
  }

  /** Waits until it may be tried again. Throws InputError when it is not worth it, or no longer. */
  async #failed({ later, reason, retryAfterMs }: RequestFailure, signal: AbortSignal): Promise<void> {
    await this.close();
    const { clock, random } = this.#object.web;
    if (!later) throw this.#failure(reason);
    const now = clock.monotonic();
    if (this.#failures === 0) this.#failingSince = now;
    this.#failures += 1;
    const cap = Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(this.#failures - 1, 20));
    const wait = Math.max(retryAfterMs, random() * cap);
    const left = this.#failingSince + this.patienceMs - now;
    if (wait < left) {
      this.#tell(reason);
      return await clock.sleep(wait, signal);
    }
    const often =
      this.#failures === 1 ? '' : `, ${this.#failures} times in ${Math.round((now - this.#failingSince) / 1000)}s,`;
    throw this.#failure(reason + often);
  }

  #tell(reason: string): void {
    const { name, size, web } = this.#object;
    const where =
      this.#at === 0 ? 'trying again' : `going on after ${this.#at}${size === null ? '' : ` of ${size}`} bytes`;
    web.notify({ level: 'warn', kind: 'input-retry', message: `reading ${name}: ${reason}; ${where}` });
  }

  #failure(reason: string): InputError {
    const size = this.#object.size;
    const expected = size === null ? 'its content' : `${size} bytes`;
    return new InputError(
      `reading ${this.#object.name}: expected ${expected}, got ${reason} after ${this.#at} bytes; run the same command again when it can be reached`,
    );
  }
}

function least(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.min(one, other);
}
