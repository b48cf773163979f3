// CnosDB's HTTP interface as far as a loader needs it.

import type { Clock, EncodedBody, Verdict } from '../../core/types/index.js';
import { Connections } from '../http/connections.js';
import type { ExchangeOutcome } from '../http/exchange.js';
import type { HttpAnswer } from '../http/http-status.js';
import type { CnosdbOptions } from '../http/types.js';
import { verdictOfOutcome } from '../http/write-outcome.js';
import { verdict } from './cnosdb-verdict.js';

const shortAnswerBytes = 64 * 1024;
const longestAnswerBytes = 64 * 1024 * 1024;
/** A page of about 2,000 vnodes: more of them a node does not hold. */
const metricsBytes = 8 * 1024 * 1024;

/** What came of an outcome for a write. */
export function verdictOf(outcome: ExchangeOutcome, timeoutMs: number, now: number): Verdict {
  return verdictOfOutcome(outcome, timeoutMs, (answer) => verdict(answer, now));
}

/** Whether an SQL answer carries rows (or none): only a write's 200 has to be empty. */
export function isRows(outcome: ExchangeOutcome): outcome is { kind: 'answer'; answer: HttpAnswer; cut: boolean } {
  return outcome.kind === 'answer' && outcome.answer.status === 200;
}

/** Requests to endpoints by index. None of them rejects. */
export class CnosdbClient {
  readonly #connections: Connections;
  readonly #query: string;
  readonly #precision: string;
  /** Longest answer to a statement, bytes. */
  readonly answerBytes: number;

  constructor(options: CnosdbOptions, clock: Clock) {
    const credentials = Buffer.from(`${options.user}:${options.password}`).toString('base64');
    this.#connections = new Connections(options, `Basic ${credentials}`, clock);
    this.#query = new URLSearchParams({ db: options.db, tenant: options.tenant }).toString();
    this.#precision = options.precision;
    this.answerBytes = options.answerBytes ?? longestAnswerBytes;
  }

  /** An empty body asks for everything but the points: reachable, credentials, tenant, privilege, database. */
  write(index: number, body: EncodedBody | null, timeoutMs: number, signal: AbortSignal): Promise<ExchangeOutcome> {
    const ask = {
      method: 'POST',
      path: `/api/v1/write?${this.#query}&precision=${this.#precision}`,
      headers: body?.encoding ? { 'content-encoding': body.encoding } : {},
      body: body?.bytes ?? null,
      timeoutMs,
      maxAnswerBytes: shortAnswerBytes,
    } as const;
    return this.#connections.send(index, ask, signal);
  }

  /** Rows come as JSON. */
  sql(
    index: number,
    statement: string,
    maxAnswerBytes: number,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<ExchangeOutcome> {
    const ask = {
      method: 'POST',
      path: `/api/v1/sql?${this.#query}`,
      headers: { accept: 'application/json' },
      body: Buffer.from(statement),
      timeoutMs,
      maxAnswerBytes,
    } as const;
    return this.#connections.send(index, ask, signal);
  }

  ping(index: number, timeoutMs: number, signal: AbortSignal): Promise<ExchangeOutcome> {
    const ask = { method: 'GET', path: '/api/v1/ping', headers: {}, body: null } as const;
    return this.#connections.send(index, { ...ask, timeoutMs, maxAnswerBytes: shortAnswerBytes }, signal);
  }

  metrics(index: number, timeoutMs: number, signal: AbortSignal): Promise<ExchangeOutcome> {
    const ask = { method: 'GET', path: '/metrics', headers: {}, body: null } as const;
    return this.#connections.send(index, { ...ask, timeoutMs, maxAnswerBytes: metricsBytes }, signal);
  }

  /** Tears down what is still in flight. */
  close(): Promise<void> {
    return this.#connections.close();
  }
}
