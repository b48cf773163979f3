// What a server or the network says, in words for people, and whether it is worth asking again.

/** Nothing came of it. `later`: it may the next time. */
export interface RequestFailure {
  readonly later: boolean;
  readonly reason: string;
  readonly retryAfterMs: number;
}

const passing: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection closed',
  // Ours, see ./web.
  NO_CONNECTION: 'no connection within 10s',
  NO_ANSWER: 'no answer within 30s',
  NOTHING_CAME: 'nothing came for 30s',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name could not be resolved',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'network unreachable',
  ETIMEDOUT: 'connection timed out',
};

const authority = 'its certificate is signed by an authority that is not trusted here; see --ca';
const final: Record<string, string> = {
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host name',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet: is a clock wrong?',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself; see --ca',
  SELF_SIGNED_CERT_IN_CHAIN: authority,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: authority,
  UNABLE_TO_GET_ISSUER_CERT: authority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: authority,
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak https',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it does not speak https',
};

interface NetworkError {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly errors?: unknown;
}

/** Of a request that failed. */
export function troubleOf(error: unknown): RequestFailure {
  const { code, message, errors }: NetworkError =
    typeof error === 'object' && error !== null ? error : { message: error };
  // Happy eyeballs: one error for each address that was tried.
  if (typeof code !== 'string' && Array.isArray(errors) && errors.length > 0) return troubleOf(errors[0]);
  const known = typeof code === 'string' ? final[code] : undefined;
  if (known !== undefined) return { later: false, reason: named(known, { code, message }), retryAfterMs: 0 };
  // What node:http makes of a body that is cut short, and of an answer that never began.
  const isCut = message === 'aborted' || message === 'socket hang up';
  const passes = isCut ? 'connection closed before the end' : typeof code === 'string' ? passing[code] : undefined;
  return { later: true, reason: passes ?? String(message ?? code), retryAfterMs: 0 };
}

/** Names in the certificate tell which server answered. */
function named(words: string, { code, message }: NetworkError): string {
  return code === 'ERR_TLS_CERT_ALTNAME_INVALID' ? `${words} (${String(message)})` : words;
}

const busy = [408, 425, 429, 500, 502, 503, 504];

const statuses: Record<number, string> = {
  401: 'it asks for a user and a password; name them in the URL: https://user:password@host/…',
  403: 'it does not let us read it; is the URL signed, and not expired?',
  404: 'there is nothing at this URL',
  407: 'a proxy asks for credentials',
  410: 'it is gone for good',
};

/** Of an answer that is not the content. `said`: what the server adds. */
export function refusalOf(status: number, said: string, headers: Headers, nowMs: number): RequestFailure {
  const reason = `${status}${said === '' ? '' : ` ${said}`}`;
  if (busy.includes(status)) return { later: true, reason, retryAfterMs: retryAfter(headers['retry-after'], nowMs) };
  const words = statuses[status];
  return { later: false, reason: words === undefined ? reason : `${reason}: ${words}`, retryAfterMs: 0 };
}

export type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** Seconds or a date; 0 when it is neither. */
function retryAfter(value: string | string[] | undefined, nowMs: number): number {
  const text = String(value ?? '');
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isFinite(ms) ? Math.max(0, ms) : 0;
}
