// What the answers of the targets that are no CnosDB mean. Each has a table of its own; here is how a table is read, and
// what an HTTP status says by itself where the table is silent.

import type { Verdict } from '../../core/types/index.js';
import { type HttpAnswer, retryAfterMs, words } from '../http/http-status.js';

/** What an answer comes to. `target-…` goes into the dead letters by that name, but for a body that only has to be split. */
export type Meaning =
  | 'accepted'
  | 'overloaded'
  | 'refused'
  | 'target-parse'
  | 'target-type'
  | 'target-expired'
  | 'target-limit'
  | 'target-too-large'
  | 'target-rejected';

/** The first row that fits counts. */
export interface VerdictRow {
  readonly status: number;
  /** Of the message in the body, or of the body where there is none. */
  readonly says?: RegExp;
  readonly means: Meaning;
  /** What a person can do about a refusal. */
  readonly advice?: string;
}

export interface VerdictTable {
  /** As people call the target. */
  readonly title: string;
  readonly rows: readonly VerdictRow[];
  /** The message in an error body that was JSON. */
  readonly messageOf: (body: unknown) => string | null;
  /** Number of the point that it blames, from 0; null where it does not say. */
  readonly pointOf?: (body: unknown) => number | null;
}

const passing: Record<number, string> = {
  408: 'the server gave up waiting for the request',
  425: 'too early',
  429: 'too many requests',
  500: 'the server failed',
  502: 'a proxy could not reach the server',
  503: 'the server is not available',
  504: 'a proxy gave up waiting for the server',
};

/** Total: what no row describes is what its status says, and an unknown 400 or 422 is about the content. */
export function judged({ title, rows, messageOf, pointOf }: VerdictTable, answer: HttpAnswer, now: number): Verdict {
  const { status, headers, body } = answer;
  const read = jsonOf(body);
  const message = messageOf(read) ?? (words(body).replace(/^ \(|\)$/g, '') || `${status} without words`);
  const row = rows.find((each) => each.status === status && (each.says?.test(message) ?? true));
  if (row !== undefined) return meant(row, answer, message, pointOf?.(read) ?? null, now);
  if (status >= 200 && status < 300)
    return { kind: 'refused', reason: `answered ${status} where ${title} acknowledges with 204` };
  if (status < 400) {
    const to = typeof headers.location === 'string' ? ` to ${headers.location}` : '';
    const reason = `answered ${status}, a redirect${to}: redirects are not followed; give the final address with --url`;
    return { kind: 'refused', reason };
  }
  if (status === 413) return rejected('target-too-large', '413: the request is too large', true, false);
  if (passing[status] !== undefined || status >= 500) return overloaded(answer, message, now);
  if (status === 400 || status === 422) return rejected('target-unknown', message, false, true);
  return { kind: 'refused', reason: `answered ${status} (${message}); is this ${title}? see --url` };
}

function meant(
  { means, advice }: VerdictRow,
  answer: HttpAnswer,
  message: string,
  point: number | null,
  now: number,
): Verdict {
  if (means === 'accepted') return { kind: 'accepted' };
  if (means === 'overloaded') return overloaded(answer, message, now);
  if (means === 'refused') return { kind: 'refused', reason: advice === undefined ? message : `${message}; ${advice}` };
  if (means === 'target-too-large') return rejected(means, message, true, false);
  return { ...rejected(means, message, false, false), point };
}

function overloaded({ status, headers }: HttpAnswer, message: string, now: number): Verdict {
  return {
    kind: 'overloaded',
    reason: `${status}: ${passing[status] ?? 'the server failed'} (${message})`,
    retryAfterMs: retryAfterMs(headers['retry-after'], now),
    mayBeApplied: status !== 429 && status !== 503,
    memory: false,
    timedOut: false,
  };
}

type Rejected = Extract<Verdict, { kind: 'rejected' }>;

function rejected(reason: string, message: string, tooLarge: boolean, unknown: boolean): Rejected {
  return { kind: 'rejected', reason, message, offset: null, tooLarge, unknown };
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}

/** Text under a key of an object; null where there is none. */
export function textAt(body: unknown, key: string): string | null {
  if (typeof body !== 'object' || body === null) return null;
  const value = (body as Record<string, unknown>)[key];
  return typeof value === 'string' && value !== '' ? value : null;
}
