// Describes for messages why a request failed, or why its response does not contain the requested content.

import { networkFailure } from '../../core/network/network-errors.js';
import { retryAfterMs } from '../../core/network/retry-after.js';

export interface RequestFailure {
  /** True if a retry may succeed. */
  readonly transient: boolean;
  readonly reason: string;
  readonly retryAfterMs: number;
}

export type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** Describes a request that failed without a response. */
export function failedRequest(error: unknown): RequestFailure {
  const { reason, permanent } = networkFailure(error);
  return { transient: !permanent, reason, retryAfterMs: 0 };
}

/** Describes a failure that a retry cannot repair. */
export function permanentFailure(reason: string): RequestFailure {
  return { transient: false, reason, retryAfterMs: 0 };
}

const transientStatuses = [408, 425, 429, 500, 502, 503, 504];

const statuses: Record<number, string> = {
  401: 'the server asks for a user and a password; write both into the URL: https://user:password@host/…',
  403: 'the server denies access; if the URL is signed, its signature may have expired',
  404: 'the server has no object at this URL',
  407: 'a proxy asks for credentials',
  410: 'the object was removed for good',
};

/**
 * Describes a response whose status is not a success.
 * @param detail text in which the server explains the status; empty without such a text
 */
export function refusedRequest(status: number, detail: string, headers: Headers, nowMs: number): RequestFailure {
  const reason = `${status}${detail === '' ? '' : ` ${detail}`}`;
  if (transientStatuses.includes(status)) {
    const wait = retryAfterMs(headers['retry-after'], headers.date, nowMs);
    return { transient: true, reason, retryAfterMs: wait ?? 0 };
  }
  const words = statuses[status];
  return permanentFailure(words === undefined ? reason : `${reason}: ${words}`);
}
