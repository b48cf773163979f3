/** Longest wait that a Retry-After header can cause, ms. */
const maxRetryAfterMs = 300_000;

type HeaderValue = string | readonly string[] | undefined;

function first(header: HeaderValue): string {
  return (typeof header === 'string' ? header : (header?.[0] ?? '')).trim();
}

/**
 * Parses a Retry-After header: seconds, or an HTTP date (RFC 9110, 10.2.3). A date is compared with the server's Date
 * header, so that a wrong clock on either side does not matter. Without a Date header, a date is compared with `nowMs`.
 * @returns a wait from 0 to 300,000 ms; null when the header is absent or unreadable
 */
export function retryAfterMs(header: HeaderValue, dateHeader: HeaderValue, nowMs: number): number | null {
  const text = first(header);
  if (text === '') return null;
  const serverMs = Date.parse(first(dateHeader));
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - (Number.isNaN(serverMs) ? nowMs : serverMs);
  return Number.isNaN(ms) ? null : Math.min(Math.max(0, ms), maxRetryAfterMs);
}
