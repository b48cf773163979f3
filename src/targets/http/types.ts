// An HTTP request and its outcome.

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  /** Path and query of the request. The path is appended to the path of the endpoint's URL. */
  readonly path: string;
  /** Maps the path of the endpoint's URL to the path that the request uses. Default: no change. */
  readonly base?: (pathname: string) => string;
  /** Headers except Content-Length, which is added to every request. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body, contiguous; null for Content-Length 0. */
  readonly body: Uint8Array | null;
  readonly timeoutMs: number;
  /** A response with more bytes than this is truncated. */
  readonly maxResponseBytes: number;
}

export interface HttpResponse {
  readonly status: number;
  /** Names are in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

/**
 * Outcome of a request. `error`: the network failed. `timedOut`: `timeoutMs` passed. `aborted`: the caller's signal
 * aborted. `sent`: true if a connected socket received the request.
 */
export type ExchangeOutcome =
  | { readonly kind: 'response'; readonly response: HttpResponse; readonly truncated: boolean }
  | { readonly kind: 'error'; readonly error: unknown; readonly sent: boolean }
  | { readonly kind: 'timedOut' | 'aborted'; readonly sent: boolean };
