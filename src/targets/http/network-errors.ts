// What a request that got no answer means: whether its bytes can have reached anyone.

import type { Verdict } from '../../core/types/index.js';

/**
 * Code of ours: closed on a first request over TLS. What a server does that misses a certificate: since TLS 1.3 the client
 * has long been connected when its certificate is looked at.
 */
export const closedAfterHandshake = 'CLOSED_AFTER_HANDSHAKE';

const told: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection closed while sending',
  UND_ERR_SOCKET: 'connection closed without an answer',
  [closedAfterHandshake]: 'connection closed without an answer; does it ask for a certificate? see --cert and --key',
  UND_ERR_CONNECT_TIMEOUT: 'no connection within 5s',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name could not be resolved',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'network unreachable',
  ETIMEDOUT: 'connection timed out',
  UND_ERR_ABORTED: 'aborted',
};

const otherAuthority = 'it is signed by an authority that is not trusted here; see --ca';

/** No waiting mends these. */
const refusals: Record<string, string> = {
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host name',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet: is a clock wrong?',
  CERT_REVOKED: 'its certificate is revoked',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself; see --ca',
  SELF_SIGNED_CERT_IN_CHAIN: otherAuthority,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: otherAuthority,
  UNABLE_TO_GET_ISSUER_CERT: otherAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: otherAuthority,
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak https; see --url',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it does not speak https; see --url',
};

interface CodedError {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly errors?: unknown;
}

/** A failure of the network in a few words for people. */
export function wordsOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error);
  const { code, message, errors }: CodedError = error;
  if (typeof code === 'string' && told[code] !== undefined) return told[code];
  // Happy eyeballs: one error for each address that was tried.
  if (Array.isArray(errors) && errors.length > 0) return wordsOf(errors[0]);
  return typeof message === 'string' && message !== ''
    ? message
    : typeof code === 'string'
      ? code
      : 'connection failed';
}

/** Names in the certificate belong to the words: they tell which endpoint was meant. */
function refusalOf(error: unknown): string | null {
  if (typeof error !== 'object' || error === null) return null;
  const { code, message }: CodedError = error;
  const words = typeof code === 'string' ? refusals[code] : undefined;
  if (words === undefined) return null;
  return code === 'ERR_TLS_CERT_ALTNAME_INVALID' ? `${words} (${String(message)})` : words;
}

/** `sentAnything`: the request was given to a connected socket, so the server may have read, and stored, any of it. */
export function verdictOfError(error: unknown, sentAnything: boolean): Verdict {
  const refusal = refusalOf(error);
  if (refusal !== null) return { kind: 'refused', reason: refusal };
  const reason = wordsOf(error);
  return sentAnything ? { kind: 'dropped', reason, mayBeApplied: true } : { kind: 'unreachable', reason };
}
