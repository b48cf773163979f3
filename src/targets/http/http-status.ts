// What an HTTP status says by itself: CnosDB's bodiless ones, and what proxies and other servers add to them.

import type { Verdict } from '../../core/types/index.js';

/** An HTTP answer, its body cut at what the caller was willing to read. Header names in lower case. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

/** Longest Retry-After that is believed: 5 minutes. */
const longestRetryAfterMs = 300_000;

/** CnosDB's form of an error body. */
export function isError(read: unknown): read is { error_code: string; error_message: string } {
  return (
    typeof read === 'object' &&
    read !== null &&
    'error_code' in read &&
    'error_message' in read &&
    typeof read.error_code === 'string' &&
    typeof read.error_message === 'string'
  );
}

/** Seconds or an HTTP date; null when absent or unreadable. */
export function retryAfterMs(header: string | readonly string[] | undefined, now: number): number | null {
  const text = typeof header === 'string' ? header.trim() : (header?.[0]?.trim() ?? '');
  if (text === '') return null;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? null : Math.min(Math.max(0, ms), longestRetryAfterMs);
}

const advice: Record<number, string> = {
  400: 'see --user, --password and --compression',
  401: 'see --user and --password, or the proxy in between',
  403: 'see --user and --password, or the proxy in between',
  404: 'there is no /api/v1/write here: a CnosDB node in tskv mode, or another kind of server; give the HTTP address of a CnosDB query node (port 8902) with --url',
  405: 'there is no POST /api/v1/write here: this is not a CnosDB; give the HTTP address of a CnosDB node (port 8902) with --url',
  407: 'the proxy in between wants credentials',
};

const passing: Record<number, string> = {
  408: 'the server gave up waiting for the request',
  425: 'too early',
  429: 'too many requests',
  500: 'the server, or a proxy before it, failed without words',
  502: 'a proxy could not reach the server',
  503: 'the server is not available',
  504: 'a proxy gave up waiting for the server',
};

/** A few words of a body for people, without markup. */
export function words(body: string): string {
  const text = body
    .replace(/<(style|script)[\s\S]*?<\/\1>|<[^>]*>/gi, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return text === '' ? '' : ` (${text.slice(0, 120)})`;
}

function success({ status, body }: HttpAnswer): Verdict {
  if (status === 200 && body.trim() === '') return { kind: 'accepted' };
  const what = `${status}${words(body)} where CnosDB acknowledges with 200 and nothing else`;
  return { kind: 'refused', reason: `answered ${what}: this is not a CnosDB; give the HTTP address of one with --url` };
}

function redirect({ status, headers }: HttpAnswer): Verdict {
  const to = typeof headers.location === 'string' ? ` to ${headers.location}` : '';
  return {
    kind: 'refused',
    reason: `answered ${status}, a redirect${to}: redirects are not followed; give the final address with --url`,
  };
}

/** `said` is CnosDB's own message, if there was one. Not for 422. */
export function verdictOfStatus(answer: HttpAnswer, said: string | null, now: number): Verdict {
  const { status, headers, body } = answer;
  if (status >= 200 && status < 300) return success(answer);
  if (status < 400) return redirect(answer);
  if (status === 413)
    return {
      kind: 'rejected',
      reason: 'target-too-large',
      message: '413: the request is too large',
      offset: null,
      tooLarge: true,
      unknown: false,
    };
  const known = passing[status];
  if (known !== undefined || status >= 500)
    return {
      kind: 'overloaded',
      reason: `${status}: ${known ?? 'the server failed'}${words(body)}`,
      retryAfterMs: retryAfterMs(headers['retry-after'], now),
      mayBeApplied: status !== 429 && status !== 503,
      memory: false,
      timedOut: false,
    };
  const why = said ?? `answered ${status}${words(body)}`;
  return {
    kind: 'refused',
    reason: `${why}: ${advice[status] ?? 'CnosDB has no such answer; is there a proxy in between?'}`,
  };
}
