// Turns a response to a write into a verdict. Each target supplies a table of its responses. This module searches the
// table for the response. If no row matches, the HTTP status decides.

import { z } from 'zod';
import { networkFailure } from '../../core/network/network-errors.js';
import { retryAfterMs } from '../../core/network/retry-after.js';
import { excerpt } from '../../core/text.js';
import type { Verdict } from '../../core/types/index.js';
import { formatDuration } from '../../core/units.js';
import { inParentheses, jsonOf, middleCut, plainText } from './response-text.js';
import type { ExchangeOutcome, HttpResponse } from './types.js';

/**
 * Meaning of a response. If the meaning begins with `target-`, a dead letter contains it as its reason. For
 * `target-too-large`, the loader first splits the body.
 */
export type Meaning =
  | 'accepted'
  | 'overloaded'
  | 'forming'
  | 'refused'
  | 'missing-database'
  | 'target-parse'
  | 'target-utf8'
  | 'target-type'
  | 'target-timestamp'
  | 'target-expired'
  | 'target-limit'
  | 'target-too-large'
  | 'target-rejected';

/**
 * One row of the table. A row applies only to responses with its status. Among these rows, the first row whose pattern
 * matches the message decides. If no pattern matches, the first row with the error's code decides.
 */
export interface VerdictRow {
  readonly status: number;
  /** Pattern of the message. A row without pattern and codes matches every message. */
  readonly message?: RegExp;
  /** Error codes. An entry matches all codes that begin with it. */
  readonly codes?: readonly string[];
  readonly means: Meaning;
  /** Advice to the user about a refusal. */
  readonly advice?: string;
  /**
   * For an overloaded target, or one that forms raft groups: true if the points may be stored nevertheless. Absent: the
   * status decides.
   */
  readonly mayBeApplied?: boolean | ((code: string) => boolean);
  /** True if the target reports exhausted memory. */
  readonly memory?: true;
}

/** The parts of an error body. */
export interface TargetError {
  readonly message: string;
  readonly code?: string;
  /** Number of the point that the error names; 0 is the first point. */
  readonly point?: number | null;
}

export interface VerdictTable {
  /** Name of the target in messages. */
  readonly title: string;
  /** Status of an acknowledgement. The body of an acknowledgement is empty. */
  readonly acknowledgement: 200 | 204;
  readonly rows: readonly VerdictRow[];
  /** Parses an error body; returns null for a body in another format. */
  readonly errorOf: (body: string) => TargetError | null;
  /** Returns the byte offset that a message names; null for a message without an offset. */
  readonly offsetOf?: (message: string) => number | null;
}

/**
 * Returns a parser that reads the message under a key of a JSON error body. The parser returns null for any other body.
 */
export function messageUnder(key: string): VerdictTable['errorOf'] {
  const schema = z.object({ [key]: z.string().min(1) });
  return (body) => {
    const error = schema.safeParse(jsonOf(body));
    return error.success ? { message: error.data[key]! } : null;
  };
}

const transient: Readonly<Record<number, string>> = {
  408: 'the server gave up waiting for the request',
  425: 'too early',
  429: 'too many requests',
  500: 'the server failed',
  502: 'a proxy could not reach the server',
  503: 'the server is not available',
  504: 'a proxy gave up waiting for the server',
};

const plainHttpOnTls = /plain HTTP request was sent to HTTPS port|HTTP request to an HTTPS server/i;

/**
 * Judges the outcome of a write, with or without a response.
 * @param judged returns the verdict on a complete response; if absent, the table gives the verdict
 */
export function judgeOutcome(
  table: VerdictTable,
  outcome: ExchangeOutcome,
  timeoutMs: number,
  now: number,
  judged: (response: HttpResponse, now: number) => Verdict = (response) => judge(table, response, now),
): Verdict {
  switch (outcome.kind) {
    case 'response':
      // The status alone does not prove success: the rest of the response, which was not read, may report an error.
      return outcome.truncated && outcome.response.status < 300
        ? notTheTarget(table, outcome.response)
        : judged(outcome.response, now);
    case 'error': {
      const { reason, permanent } = networkFailure(outcome.error);
      if (permanent) return { kind: 'refused', reason };
      return outcome.sent ? { kind: 'dropped', reason, mayBeApplied: true } : { kind: 'unreachable', reason };
    }
    case 'aborted':
      return { kind: 'dropped', reason: 'stopped by the caller', mayBeApplied: true };
    case 'timedOut': {
      const reason = `no ${outcome.sent ? 'answer' : 'connection'} within ${formatDuration(timeoutMs)}`;
      if (!outcome.sent) return { kind: 'unreachable', reason };
      return { kind: 'overloaded', reason, retryAfterMs: null, mayBeApplied: true, memory: false, timedOut: true };
    }
  }
}

/**
 * Judges a response to a write. If no row of the table matches, the status decides, and 400 and 422 mean that the
 * target rejects points.
 * @param now ms since 1970, for a Retry-After header that contains a date
 */
export function judge(table: VerdictTable, response: HttpResponse, now: number): Verdict {
  const { status, body } = response;
  if (status === table.acknowledgement && body === '') return { kind: 'accepted' };
  if (status >= 200 && status < 300) return notTheTarget(table, response);
  if (status < 400) return redirect(response);
  const error = table.errorOf(body);
  const message = error?.message ?? plainText(body);
  if (status === 400 && plainHttpOnTls.test(message))
    return { kind: 'refused', reason: 'the port expects TLS', advice: 'use https:// in --url' };
  if (status === 407)
    return {
      kind: 'refused',
      reason: `status 407${inParentheses(message)}: the proxy wants credentials`,
      advice: 'give the credentials with --proxy http://user:password@host:port',
    };
  const row = rowOf(table.rows, status, middleCut(message), error?.code ?? null);
  if (row !== undefined) return meant(row, table, response, message, error, now);
  if (status === 413) return rejected('target-too-large', '413: the request is too large', { tooLarge: true });
  if (status === 502 && error === null) {
    // The proxy did not reach the server, or the server closed the connection. In both cases, no write is running.
    return { ...overloaded(response, message, now), mayBeApplied: false };
  }
  // 501 does not mean overload: the server does not support POST.
  if (transient[status] !== undefined || (status >= 500 && status !== 501)) return overloaded(response, message, now);
  if (status === 400 || status === 422)
    return rejected('target-unknown', error?.message ?? `${status}${inParentheses(message)}`, { unknown: true });
  return {
    kind: 'refused',
    reason: excerpt(error?.message ?? `status ${status}${inParentheses(message)}`),
    advice: `check that --url points at ${table.title}, and check any proxy between bulk-load and the target`,
  };
}

function rowOf(rows: readonly VerdictRow[], status: number, message: string, code: string | null) {
  const candidates = rows.filter((row) => row.status === status);
  return (
    candidates.find(({ message: pattern, codes }) => pattern?.test(message) ?? codes === undefined) ??
    candidates.find(({ codes }) => code !== null && codes?.some((each) => code.startsWith(each)))
  );
}

function meant(
  row: VerdictRow,
  table: VerdictTable,
  response: HttpResponse,
  message: string,
  error: TargetError | null,
  now: number,
): Verdict {
  const { means, advice } = row;
  const { status } = response;
  const mayBeApplied = typeof row.mayBeApplied === 'function' ? row.mayBeApplied(error?.code ?? '') : row.mayBeApplied;
  const text = error?.message ?? `status ${status}${inParentheses(message)}`;
  if (means === 'accepted') return { kind: 'accepted' };
  if (means === 'overloaded') {
    const verdict = overloaded(response, message, now);
    return { ...verdict, mayBeApplied: mayBeApplied ?? verdict.mayBeApplied, memory: row.memory ?? false };
  }
  if (means === 'forming') return { kind: 'forming', reason: excerpt(text), mayBeApplied: mayBeApplied ?? true };
  if (means === 'refused')
    return { kind: 'refused', reason: excerpt(text), ...(advice === undefined ? {} : { advice }) };
  if (means === 'missing-database') return missingDatabase(text);
  if (means === 'target-too-large') return rejected(means, text, { tooLarge: true });
  const offset = table.offsetOf?.(message) ?? null;
  return { ...rejected(means, text, { offset }), point: error?.point ?? null };
}

export function missingDatabase(reason: string): Verdict {
  return {
    kind: 'refused',
    reason: excerpt(reason),
    advice: 'check --db, or create the database with --create-db',
    missingDatabase: true,
  };
}

function notTheTarget({ title, acknowledgement }: VerdictTable, { status, body }: HttpResponse): Verdict {
  return {
    kind: 'refused',
    reason: `status ${status}${inParentheses(plainText(body))}, but ${title} acknowledges a write with status ${acknowledgement} and an empty body`,
    advice: `check that --url points at ${title}`,
  };
}

function redirect({ status, headers }: HttpResponse): Verdict {
  const location = typeof headers.location === 'string' ? ` to ${excerpt(headers.location, 200)}` : '';
  return {
    kind: 'refused',
    reason: `status ${status}, a redirect${location}, which bulk-load does not follow`,
    advice: 'give the final address with --url',
  };
}

type Rejected = Extract<Verdict, { kind: 'rejected' }>;

function rejected(
  reason: string,
  message: string,
  { offset = null, tooLarge = false, unknown = false }: Partial<Pick<Rejected, 'offset' | 'tooLarge' | 'unknown'>>,
): Rejected {
  return { kind: 'rejected', reason, message: excerpt(message), offset, tooLarge, unknown };
}

function overloaded({ status, headers }: HttpResponse, message: string, now: number) {
  const known = transient[status] ?? (status >= 500 ? 'the server failed' : null);
  const reason = known === null ? message : `${status}: ${known}${inParentheses(message)}`;
  return {
    kind: 'overloaded',
    reason: excerpt(reason),
    retryAfterMs: retryAfterMs(headers['retry-after'], headers.date, now),
    mayBeApplied: status !== 429 && status !== 503,
    memory: false,
    timedOut: false,
  } as const;
}
