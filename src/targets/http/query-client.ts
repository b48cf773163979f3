// Sends queries to a target. Tries one endpoint after the other until an endpoint responds or the time limit is
// reached.

import type { z } from 'zod';
import { RefusedError, UnavailableError } from '../../core/errors.js';
import { networkFailure } from '../../core/network/network-errors.js';
import { excerpt } from '../../core/text.js';
import type { Clock, Verdict } from '../../core/types/index.js';
import { formatDuration } from '../../core/units.js';
import type { Connections } from './connection/connections.js';
import { inParentheses, jsonOf, plainText } from './response-text.js';
import type { ExchangeOutcome, HttpRequest, HttpResponse } from './types.js';
import { judgeOutcome, type VerdictTable } from './verdict-table.js';

const queryTimeoutMs = 10_000;
/** Longest wait for further bytes of a response that arrives in chunks, ms. */
const chunkTimeoutMs = 120_000;
const retryMs = 1_000;
/** Longest statement in a message, in bytes. */
const labelBytes = 200;

/** A request without the parts that all requests share. A request without `body` is a GET. */
export interface QueryRequest {
  readonly path: string;
  /** Maps the path of the endpoint's URL to the path that the request uses. Default: no change. */
  readonly base?: (pathname: string) => string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Name of the query in messages. Default: its path. */
  readonly label?: string;
}

/** A response, with the URL of the endpoint that sent it. */
export interface QueryResponse extends HttpResponse {
  readonly endpoint: string;
}

export interface QueryClientContext {
  readonly title: string;
  readonly verdicts: VerdictTable;
  readonly connections: Pick<Connections, 'send' | 'open'>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** URLs of all endpoints, without credentials. */
  readonly urls: readonly string[];
  /** Indexes of the endpoints, in the order of the attempts. */
  readonly order: readonly number[];
  readonly waitMs: number;
  readonly maxResponseBytes: number;
}

export class QueryClient {
  readonly #context: QueryClientContext;
  readonly #since: number;
  readonly #deadline: number;

  constructor(context: QueryClientContext) {
    this.#context = context;
    this.#since = context.clock.monotonic();
    this.#deadline = this.#since + context.waitMs;
  }

  get signal(): AbortSignal {
    return this.#context.signal;
  }

  get clock(): Clock {
    return this.#context.clock;
  }

  get urls(): readonly string[] {
    return this.#context.urls;
  }

  get order(): readonly number[] {
    return this.#context.order;
  }

  /** Sends one request to one endpoint. Throws only the abort reason of the signal. */
  async once(
    index: number,
    request: QueryRequest,
    limits: { readonly timeoutMs?: number; readonly maxResponseBytes?: number } = {},
  ): Promise<ExchangeOutcome> {
    const { connections, signal } = this.#context;
    const outcome = await connections.send(index, { ...this.#exchange(request), ...limits }, signal);
    signal.throwIfAborted();
    return outcome;
  }

  #exchange(request: QueryRequest): HttpRequest {
    const body = request.body === undefined ? null : Buffer.from(request.body);
    return {
      method: body === null ? 'GET' : 'POST',
      path: request.path,
      ...(request.base === undefined ? {} : { base: request.base }),
      headers: request.headers ?? {},
      body,
      timeoutMs: queryTimeoutMs,
      maxResponseBytes: this.#context.maxResponseBytes,
    };
  }

  /** Returns the verdict on an outcome, by the same rules as for a write. */
  verdictOf(outcome: ExchangeOutcome, timeoutMs: number): Verdict {
    return judgeOutcome(this.#context.verdicts, outcome, timeoutMs, this.#context.clock.now());
  }

  /**
   * Returns the response from the first endpoint that is ready: not overloaded, and not forming raft groups. Throws
   * UnavailableError if no endpoint becomes ready in time, RefusedError for a response that is too long and for a
   * permanent network error, and the signal's reason.
   */
  async response(request: QueryRequest): Promise<QueryResponse> {
    return await this.#firstResponse(request, (index, timeoutMs) => this.once(index, request, { timeoutMs }));
  }

  /**
   * Returns the response from the first endpoint that is ready, with the body in chunks. If the status is an error,
   * `response` contains the body. Throws like the method `response`. Reading the chunks throws UnavailableError if the
   * response breaks off.
   */
  async stream(
    request: QueryRequest,
  ): Promise<{ readonly response: QueryResponse; readonly chunks: AsyncIterable<Uint8Array> }> {
    const { connections, signal } = this.#context;
    let chunks: AsyncIterable<Uint8Array> = noChunks();
    const response = await this.#firstResponse(request, async (index) => {
      const exchange = { ...this.#exchange(request), timeoutMs: chunkTimeoutMs };
      const opened = await connections.open(index, exchange, signal);
      signal.throwIfAborted();
      chunks = opened.chunks;
      return opened.outcome;
    });
    return { response, chunks: this.#unbroken(request, response, chunks) };
  }

  async *#unbroken(
    request: QueryRequest,
    { endpoint }: QueryResponse,
    chunks: AsyncIterable<Uint8Array>,
  ): AsyncGenerator<Uint8Array, void> {
    try {
      yield* chunks;
    } catch (error) {
      this.signal.throwIfAborted();
      throw this.broken(request, endpoint, networkFailure(error).reason);
    }
  }

  /** Builds the error for a response that began with a success status and then failed. */
  broken(request: QueryRequest, endpoint: string, found: string): UnavailableError {
    return new UnavailableError({
      tried: `asking ${endpoint}: ${labelOf(request)}`,
      expected: 'a complete response',
      found,
      fix: 'run the same command again once the target answers',
    });
  }

  async #firstResponse(
    request: QueryRequest,
    send: (index: number, timeoutMs: number) => Promise<ExchangeOutcome>,
  ): Promise<QueryResponse> {
    const { clock, signal, urls, order, maxResponseBytes } = this.#context;
    const reasons = new Map<string, string>();
    for (let turn = 0; ; turn++) {
      const index = order[turn % order.length]!;
      const endpoint = urls[index]!;
      const timeoutMs = Math.max(1000, Math.min(queryTimeoutMs, this.#deadline - clock.monotonic()));
      const outcome = await send(index, timeoutMs);
      if (outcome.kind === 'response' && outcome.truncated && outcome.response.status < 300)
        throw this.refused(request, endpoint, `more than ${Math.round(maxResponseBytes / 1024)} KiB`, {
          expected: `a response of at most ${Math.round(maxResponseBytes / 1024)} KiB`,
          fix: 'raise --memory-limit to allow this response',
        });
      const verdict = this.verdictOf(outcome, timeoutMs);
      if (outcome.kind === 'response' && verdict.kind !== 'overloaded' && verdict.kind !== 'forming')
        return { ...outcome.response, endpoint };
      if (verdict.kind === 'refused')
        throw this.refused(request, endpoint, verdict.reason, { fix: verdict.advice ?? '' });
      reasons.set(endpoint, 'reason' in verdict ? verdict.reason : verdict.kind);
      if (turn % order.length < order.length - 1) continue;
      const left = this.#deadline - clock.monotonic();
      if (left <= 0) throw this.#unavailable(request, reasons);
      await clock.sleep(Math.min(retryMs, left), signal);
    }
  }

  /** Returns the parsed body of a successful response. Throws RefusedError for any other response. */
  async json<T>(request: QueryRequest, schema: z.ZodType<T>): Promise<T> {
    const response = await this.response(request);
    return this.parsed(request, response, response.status < 300 ? jsonOf(response.body) : undefined, schema);
  }

  /** Parses `value` with the schema. Throws RefusedError if the value does not match. */
  parsed<T>(request: QueryRequest, { status, body, endpoint }: QueryResponse, value: unknown, schema: z.ZodType<T>): T {
    const result = value === undefined ? null : schema.safeParse(value);
    if (result?.success) return result.data;
    const text = plainText(body) || body.trim();
    const found = `status ${status}${inParentheses(text) || ' with an empty body'}`;
    throw this.refused(
      request,
      endpoint,
      found,
      status < 300 ? { fix: `check that --url points at ${this.#context.title}` } : {},
    );
  }

  /** Waits for `ms`. Rejects with the signal's reason. */
  wait(ms: number): Promise<void> {
    return this.#context.clock.sleep(ms, this.#context.signal);
  }

  refused(
    request: QueryRequest,
    endpoint: string,
    found: string,
    { expected, fix }: { readonly expected?: string; readonly fix?: string } = {},
  ): RefusedError {
    const { title } = this.#context;
    return new RefusedError({
      tried: `asking ${endpoint}: ${labelOf(request)}`,
      expected: expected ?? `a response from ${title}`,
      found,
      fix: fix ?? `check that --url points at ${title}, and that the user or token has the privilege`,
    });
  }

  #unavailable(request: QueryRequest, reasons: ReadonlyMap<string, string>): UnavailableError {
    const waited = this.#context.clock.monotonic() - this.#since;
    return new UnavailableError({
      tried: `waiting ${formatDuration(waited)} for ${[...reasons.keys()].join(', ')}`,
      expected: `an answer to ${labelOf(request)}`,
      found: [...new Set(reasons.values())].join('; '),
      fix: 'check --url, start the target, or wait longer with --wait-for-target',
    });
  }
}

async function* noChunks(): AsyncGenerator<Uint8Array, void> {}

function labelOf({ label, path }: QueryRequest): string {
  return excerpt(label ?? path.split('?')[0]!, labelBytes);
}
