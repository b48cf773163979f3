// One object on a server: ranges of it, and the proof that they are all of the same version. A server that knows no
// ranges sends it from its start each time, which is said and left to the reader.

import type { Readable } from 'node:stream';
import { BulkLoadError, InputError } from '../../core/errors.js';
import { type Headers, type RequestFailure, troubleOf } from './http-messages.js';
import type { ObjectLocation } from './location.js';
import type { Web, WebResponse } from './web-client.js';

/** `from`: where in the object the body begins; `to`: just behind it, null when that is not said. */
export interface ObjectPart {
  readonly body: Readable;
  readonly from: number;
  readonly to: number | null;
}

/** What a server says of the object's version. */
interface ObjectVersion {
  readonly size: number | null;
  /** Strong: weak ones are equal for contents that are not. */
  readonly etag: string | null;
  readonly modified: string | null;
}

export class RemoteObject {
  readonly name: string;
  readonly web: Web;
  readonly #place: ObjectLocation;
  /** Of the first answer: all others have to be of the same. */
  #version: ObjectVersion | null = null;

  constructor(web: Web, place: ObjectLocation) {
    this.name = place.name;
    this.web = web;
    this.#place = place;
  }

  /** As `RawSource.command`. */
  get command(): string {
    return this.#place.command();
  }

  /** Bytes; null when the server does not say, or was not asked yet. */
  get size(): number | null {
    return this.#version?.size ?? null;
  }

  /**
   * The bytes from `from` on, up to `to` where that is not null; null: there are none. A body that begins before `from` is
   * from a server without ranges. Throws InputError when the object is another one than before, and the signal's reason.
   */
  async part(from: number, to: number | null, signal: AbortSignal): Promise<ObjectPart | RequestFailure | null> {
    signal.throwIfAborted();
    const range = `bytes=${from}-${to === null ? '' : to - 1}`;
    try {
      const got = await this.#place.get({ range, ...this.#unchanged() }, signal);
      return 'later' in got ? got : await this.#answered(got, from);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof BulkLoadError) throw error;
      return troubleOf(error);
    }
  }

  /** Servers answer with all of it when it is another one. */
  #unchanged(): Record<string, string> {
    const condition = this.#version?.etag ?? this.#version?.modified ?? null;
    return condition === null ? {} : { 'if-range': condition };
  }

  async #answered(got: WebResponse, from: number): Promise<ObjectPart | RequestFailure | null> {
    const { status, headers, body } = got;
    if (status === 416) {
      body.destroy();
      const total = /^bytes \*\/(\d+)$/.exec(String(headers['content-range']))?.[1];
      this.#check(headers, total === undefined ? from : Number(total));
      return null;
    }
    if (status !== 206 && status !== 200) return await this.#place.refused(got);
    try {
      return status === 206 ? this.#ranged(headers, body, from) : this.#whole(headers, body);
    } catch (error) {
      body.destroy();
      throw error;
    }
  }

  #ranged(headers: Headers, body: Readable, from: number): ObjectPart {
    const said = String(headers['content-range']);
    const match = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(said);
    const to = Number(match?.[2]) + 1;
    if (match === null || Number(match[1]) !== from || to <= from)
      throw new InputError(
        `reading ${this.name}: expected the bytes from ${from} on, got ${said}; the server's ranges are not to be relied on: fetch it another way`,
      );
    this.#check(headers, match[3] === '*' ? null : Number(match[3]));
    return { body, from, to };
  }

  #whole(headers: Headers, body: Readable): ObjectPart {
    const length = headers['content-length'];
    const size = typeof length === 'string' && /^\d+$/.test(length) ? Number(length) : null;
    this.#check(headers, size);
    return { body, from: 0, to: size };
  }

  #check(headers: Headers, size: number | null): void {
    const now = versionOf(headers, size);
    const then = this.#version;
    this.#version ??= now;
    if (then === null || !differ(then, now)) return;
    throw new InputError(
      `reading ${this.name}: expected it to stay as it was when opened (${shown(then)}), got another one (${shown(now)}): ` +
        'it changed while read; load it again when it is complete',
    );
  }
}

function versionOf(headers: Headers, size: number | null): ObjectVersion {
  const { etag, 'last-modified': modified } = headers;
  const strong = typeof etag === 'string' && !etag.startsWith('W/') ? etag : null;
  return { size, etag: strong, modified: typeof modified === 'string' ? modified : null };
}

/** Where both say nothing, nothing differs: what was read is compared as well. */
function differ(then: ObjectVersion, now: ObjectVersion): boolean {
  const other = (key: keyof ObjectVersion): boolean =>
    then[key] !== null && now[key] !== null && then[key] !== now[key];
  if (other('size') || other('etag')) return true;
  return (then.etag === null || now.etag === null) && other('modified');
}

function shown({ size, etag, modified }: ObjectVersion): string {
  const words = [size === null ? null : `${size} bytes`, etag === null ? null : `ETag ${etag}`, modified];
  return words.filter((word) => word !== null).join(', ') || 'nothing is said of it';
}
