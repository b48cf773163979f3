// The table of network and TLS errors, for targets and remote inputs.

/** A failure, described in a few words. `permanent` is true if retries cannot help. */
export interface NetworkFailure {
  readonly reason: string;
  readonly permanent: boolean;
}

/** Error codes that this program adds to Node's codes. */
export const ownCodes = {
  /**
   * The server closed the first TLS connection right after the handshake. A TLS 1.3 server does so if it refuses the
   * client's certificate.
   */
  closedAfterHandshake: 'CLOSED_AFTER_HANDSHAKE',
  /** The server closed the first connection of a plain http:// URL at once, perhaps because the server expects TLS. */
  closedAtOnce: 'CLOSED_AT_ONCE',
  /** A failure that retries cannot fix. The error's message gives the reason. */
  permanent: 'PERMANENT_FAILURE',
  /**
   * The connection was reset during a response. Without this error, undici would accept a truncated response as
   * complete if the response has no Content-Length.
   */
  resetInResponse: 'RESET_IN_RESPONSE',
  noConnection: 'NO_CONNECTION',
  noAnswer: 'NO_ANSWER',
  idle: 'NOTHING_CAME',
} as const;

const transient: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  [ownCodes.resetInResponse]: 'connection reset',
  [ownCodes.closedAtOnce]: 'connection closed without a response; if the port expects TLS, use https:// in --url',
  EPIPE: 'connection closed while sending',
  UND_ERR_SOCKET: 'connection closed without a response',
  UND_ERR_CONNECT_TIMEOUT: 'no connection within 5s',
  UND_ERR_ABORTED: 'aborted',
  [ownCodes.closedAfterHandshake]:
    'connection closed without a response; if the server wants a certificate, see --cert and --key',
  [ownCodes.noConnection]: 'no connection within 10s',
  [ownCodes.noAnswer]: 'no response within 30s',
  [ownCodes.idle]: 'no data for 30s',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the host name could not be resolved',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'network unreachable',
  ETIMEDOUT: 'connection timed out',
};

const untrusted =
  'the certificate of the server is signed by an unknown CA; if you trust this CA, name its PEM file with --ca';

const permanent: Readonly<Record<string, string>> = {
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate of the server is for another host name',
  CERT_HAS_EXPIRED: 'the certificate of the server has expired',
  CERT_NOT_YET_VALID:
    'the certificate of the server is not valid yet; the clock of the server or of this machine is wrong',
  CERT_REVOKED: 'the certificate of the server is revoked',
  DEPTH_ZERO_SELF_SIGNED_CERT:
    'the certificate of the server is self-signed; if you trust this certificate, save it as a PEM file and name the file with --ca',
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  UNABLE_TO_GET_ISSUER_CERT: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  ERR_SSL_WRONG_VERSION_NUMBER: 'the server does not speak https; use http:// in the URL',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'the server does not speak https; use http:// in the URL',
};

interface ErrorLike {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly errors?: unknown;
}

/** Explains any error of a connection. An unknown error is transient and is described by its message. */
export function networkFailure(error: unknown): NetworkFailure {
  const { code, message, errors }: ErrorLike =
    typeof error === 'object' && error !== null ? error : { message: String(error) };
  const key = typeof code === 'string' ? code : '';
  if (key === ownCodes.permanent) return { reason: String(message), permanent: true };
  const final = permanent[key];
  if (final !== undefined) {
    // The message lists the names in the certificate, so the user can identify the server that answered.
    const names = key === 'ERR_TLS_CERT_ALTNAME_INVALID' ? ` (${String(message)})` : '';
    return { reason: `${final}${names}`, permanent: true };
  }
  const known = transient[key];
  if (known !== undefined) return { reason: known, permanent: false };
  // Happy Eyeballs tries several addresses of a host and collects one error for each.
  if (Array.isArray(errors) && errors.length > 0) return networkFailure(errors[0]);
  // node:http may report a truncated or missing response without a code. Then only the message identifies the error.
  if (message === 'aborted' || message === 'socket hang up')
    return { reason: 'connection closed before the end of the response', permanent: false };
  const own = typeof message === 'string' ? message : '';
  return { reason: own || key || 'connection failed', permanent: false };
}
