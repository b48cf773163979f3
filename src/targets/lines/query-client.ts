// Questions to a target before, beside and after the writes, asked of its endpoints in turn until one answers or the
// waiting time is spent.

import { RefusedError, UnavailableError } from '../../core/errors.js';
import { networkFailure } from '../../core/network-errors.js';
import type { Clock } from '../../core/types/index.js';
import { sentence } from '../cnosdb/ask-sql.js';
import type { Connections } from '../http/connections.js';
import type { ExchangeOutcome } from '../http/exchange.js';
import type { HttpAnswer } from '../http/http-status.js';
import { words } from '../http/http-status.js';

const questionTimeoutMs = 10_000;
const againMs = 1_000;

/** A request without what all have in common. `body` absent: GET. */
export interface Question {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface QueryClientContext {
  readonly connections: Connections;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly shown: readonly string[];
  /** In which endpoints are asked. */
  readonly order: readonly number[];
  /** Monotonic ms. */
  readonly deadline: number;
  readonly answerBytes: number;
}

export class QueryClient {
  readonly #context: QueryClientContext;

  constructor(context: QueryClientContext) {
    this.#context = context;
  }

  get signal(): AbortSignal {
    return this.#context.signal;
  }

  /** One request to one endpoint; whatever comes of it. */
  async once(index: number, question: Question): Promise<ExchangeOutcome> {
    const { connections, signal, answerBytes } = this.#context;
    const body = question.body === undefined ? null : Buffer.from(question.body);
    const method = body === null ? 'GET' : 'POST';
    const ask = {
      headers: {},
      ...question,
      method,
      body,
      timeoutMs: questionTimeoutMs,
      maxAnswerBytes: answerBytes,
    } as const;
    const outcome = await connections.send(index, ask, signal);
    signal.throwIfAborted();
    return outcome;
  }

  /**
   * An answer below 500 and other than 429, of any endpoint of `order`. Throws UnavailableError, RefusedError for one that
   * is too long, and the signal's reason.
   */
  async answer(question: Question, order = this.#context.order): Promise<HttpAnswer> {
    const { clock, signal, shown, deadline } = this.#context;
    for (let turn = 0; ; turn++) {
      const index = order[turn % order.length]!;
      const outcome = await this.once(index, question);
      if (outcome.kind === 'answer' && outcome.cut)
        throw this.refused(question, 'a longer answer than there is memory for', index);
      if (outcome.kind === 'answer' && outcome.answer.status < 500 && outcome.answer.status !== 429)
        return outcome.answer;
      if (turn % order.length < order.length - 1) continue;
      const left = deadline - clock.monotonic();
      if (left <= 0) throw unanswered(shown[index]!, question, outcome);
      await clock.sleep(Math.min(againMs, left), signal);
    }
  }

  /** The JSON of an answer with 200. Throws as `answer`, and RefusedError for any other. */
  async json(question: Question, order = this.#context.order): Promise<unknown> {
    const { status, body } = await this.answer(question, order);
    try {
      if (status >= 200 && status < 300) return JSON.parse(body);
    } catch {
      throw this.refused(question, `no JSON: ${JSON.stringify(body.slice(0, 80))}`, order[0]!);
    }
    throw this.refused(question, `${status}${words(body)}`, order[0]!);
  }

  /** Throws the signal's reason. */
  wait(ms: number): Promise<void> {
    return this.#context.clock.sleep(ms, this.#context.signal);
  }

  refused(question: Question, got: string, index = this.#context.order[0]!): RefusedError {
    const asked = `asked ${this.#context.shown[index]}: ${question.path.replace(/\?.*/, '')}`;
    return new RefusedError(
      sentence(asked, 'expected an answer', `got ${got}`, 'see --url, and the rights of the user or token'),
    );
  }
}

function unanswered(shown: string, { path }: Question, outcome: ExchangeOutcome): UnavailableError {
  const got = outcome.kind === 'answer' ? `${outcome.answer.status}${words(outcome.answer.body)}` : problem(outcome);
  const asked = `asked ${shown}: ${path.replace(/\?.*/, '')}`;
  return new UnavailableError(
    sentence(asked, 'expected an answer', `got ${got}`, 'start it, or wait longer with --wait-for-target'),
  );
}

function problem(outcome: Exclude<ExchangeOutcome, { kind: 'answer' }>): string {
  return outcome.kind === 'error' ? networkFailure(outcome.error).reason : 'none in time';
}
