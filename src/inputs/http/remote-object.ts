// Requests ranges of one object on a server, and checks that all ranges belong to one version. A server without support
// for ranges sends the object from its start each time; the caller skips known bytes.

import type { Readable } from 'node:stream';
import { BulkLoadError, InputError } from '../../core/errors.js';
import { changedInput } from '../changed-input.js';
import { failedRequest, type Headers, type RequestFailure } from './http-messages.js';
import type { ObjectLocation } from './location.js';
import type { Web, WebResponse } from './web-client.js';

/** A body with the bytes [from, to) of the object; `to` is null if the server does not send a length. */
export interface ObjectPart {
  readonly body: Readable;
  readonly from: number;
  readonly to: number | null;
}

/** The version of an object, as its response headers show it. */
interface ObjectVersion {
  readonly size: number | null;
  /** Strong ETag; a weak ETag is ignored, because it may be equal for different content. */
  readonly etag: string | null;
  readonly modified: string | null;
}

export class RemoteObject {
  readonly name: string;
  readonly web: Web;
  readonly #location: ObjectLocation;
  /** Version of the first response. All other responses must match this version. */
  #version: ObjectVersion | null = null;

  constructor(web: Web, location: ObjectLocation) {
    this.name = location.name;
    this.web = web;
    this.#location = location;
  }

  /** Shell command that writes the object to standard output. */
  get command(): string {
    return this.#location.command();
  }

  /** Size in bytes; null before the first response, or if the server does not send a size. */
  get size(): number | null {
    return this.#version?.size ?? null;
  }

  /** ETag or Last-Modified of the first response; null if both are missing. */
  get version(): string | null {
    return this.#version?.etag ?? this.#version?.modified ?? null;
  }

  /**
   * Requests the bytes from `from` to `to`, or to the end if `to` is null. Returns null if the object ends before
   * `from`. If the server does not support ranges, the body begins before `from`. Throws the signal's reason. Throws
   * InputError if the object has changed since the first response.
   */
  async part(from: number, to: number | null, signal: AbortSignal): Promise<ObjectPart | RequestFailure | null> {
    signal.throwIfAborted();
    const range = `bytes=${from}-${to === null ? '' : to - 1}`;
    try {
      const response = await this.#location.get({ range, ...this.#ifUnchanged() }, signal);
      return 'transient' in response ? response : await this.#accept(response, from);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof BulkLoadError) throw error;
      return failedRequest(error);
    }
  }

  /**
   * Returns the If-Range header with the version of the object. If the object has another version by now, the server
   * then sends the whole object.
   */
  #ifUnchanged(): Record<string, string> {
    return this.version === null ? {} : { 'if-range': this.version };
  }

  async #accept(response: WebResponse, from: number): Promise<ObjectPart | RequestFailure | null> {
    const { status, headers, body } = response;
    if (status === 416) {
      body.destroy();
      const total = /^bytes \*\/(\d+)$/.exec(String(headers['content-range']))?.[1];
      this.#check(headers, total === undefined ? from : Number(total));
      return null;
    }
    if (status !== 206 && status !== 200) return await this.#location.refused(response);
    try {
      return status === 206 ? this.#ranged(headers, body, from) : this.#whole(headers, body);
    } catch (error) {
      body.destroy();
      throw error;
    }
  }

  #ranged(headers: Headers, body: Readable, from: number): ObjectPart {
    const range = String(headers['content-range']);
    const match = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(range);
    const to = Number(match?.[2]) + 1;
    if (match === null || Number(match[1]) !== from || to <= from)
      throw new InputError({
        tried: `reading ${this.name}`,
        expected: `the bytes from offset ${from} on`,
        found: range,
        fix: 'this server answers range requests wrongly: fetch the object with another tool',
      });
    this.#check(headers, match[3] === '*' ? null : Number(match[3]));
    return { body, from, to };
  }

  #whole(headers: Headers, body: Readable): ObjectPart {
    const length = headers['content-length'];
    const size = typeof length === 'string' && /^\d+$/.test(length) ? Number(length) : null;
    if (size === null && headers['transfer-encoding'] === undefined) this.#warnUnbounded();
    this.#check(headers, size);
    return { body, from: 0, to: size };
  }

  #warnUnbounded(): void {
    const message = `reading ${this.name}: the server sends no length; only the end of the connection marks the end of the input`;
    this.web.notify({ level: 'warn', kind: 'no-length', message });
  }

  #check(headers: Headers, size: number | null): void {
    const now = versionOf(headers, size);
    const first = this.#version;
    this.#version ??= now;
    if (first === null || !differ(first, now)) return;
    const expected = `an input that does not change during the load (${describe(first)})`;
    const found = `another version (${describe(now)}): the input changed while it was read`;
    throw changedInput(this.name, expected, found);
  }
}

function versionOf(headers: Headers, size: number | null): ObjectVersion {
  const { etag, 'last-modified': modified } = headers;
  const strong = typeof etag === 'string' && !etag.startsWith('W/') ? etag : null;
  return { size, etag: strong, modified: typeof modified === 'string' ? modified : null };
}

/**
 * Tests whether two versions differ in a property that both responses contain. In addition, `RangeReader` compares
 * bytes.
 */
function differ(one: ObjectVersion, other: ObjectVersion): boolean {
  const differs = (key: keyof ObjectVersion): boolean =>
    one[key] !== null && other[key] !== null && one[key] !== other[key];
  if (differs('size') || differs('etag')) return true;
  return (one.etag === null || other.etag === null) && differs('modified');
}

function describe({ size, etag, modified }: ObjectVersion): string {
  const words = [size === null ? null : `${size} bytes`, etag === null ? null : `ETag ${etag}`, modified];
  return words.filter((word) => word !== null).join(', ') || 'no size, ETag or date';
}
