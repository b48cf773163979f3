// One HTTP request and what came of it.

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  /** Path and query, below the path of the endpoint's URL. */
  readonly path: string;
  /** Returns the path to use for that of the endpoint's URL. Default: the same. */
  readonly base?: (pathname: string) => string;
  /** Without Content-Length, which every request carries. */
  readonly headers: Readonly<Record<string, string>>;
  /** One contiguous body; null: Content-Length is 0. */
  readonly body: Uint8Array | null;
  readonly timeoutMs: number;
  /** A longer response is truncated. */
  readonly maxResponseBytes: number;
}

export interface HttpResponse {
  readonly status: number;
  /** Names are in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

/**
 * `sent`: a connected socket received the request. `timedOut`: `timeoutMs` passed. `aborted`: the caller's signal fired.
 * `error`: the network failed.
 */
export type ExchangeOutcome =
  | { readonly kind: 'response'; readonly response: HttpResponse; readonly truncated: boolean }
  | { readonly kind: 'error'; readonly error: unknown; readonly sent: boolean }
  | { readonly kind: 'timedOut' | 'aborted'; readonly sent: boolean };
