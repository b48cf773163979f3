// What a request that got no answer means: whether its bytes can have reached anyone.

import type { Verdict } from '../model.js';

const told: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection closed while sending',
  UND_ERR_SOCKET: 'connection closed without an answer',
  UND_ERR_CONNECT_TIMEOUT: 'no connection within 5s',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name could not be resolved',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'network unreachable',
  ETIMEDOUT: 'connection timed out',
  UND_ERR_ABORTED: 'aborted',
};

interface Coded {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly errors?: unknown;
}

/** A failure of the network in a few words for people. */
export function wordsOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error);
  const { code, message, errors }: Coded = error;
  if (typeof code === 'string' && told[code] !== undefined) return told[code];
  // Happy eyeballs: one error for each address that was tried.
  if (Array.isArray(errors) && errors.length > 0) return wordsOf(errors[0]);
  return typeof message === 'string' && message !== ''
    ? message
    : typeof code === 'string'
      ? code
      : 'connection failed';
}

/** `sentAnything`: the request was given to a connected socket, so the server may have read, and stored, any of it. */
export function verdictOfError(error: unknown, sentAnything: boolean): Verdict {
  const reason = wordsOf(error);
  return sentAnything ? { kind: 'dropped', reason, mayHaveLanded: true } : { kind: 'unreachable', reason };
}
