// A target that takes line protocol over HTTP and is no CnosDB: what all of them have in common. What each says and wants
// is in its dialect.

import type {
  Attempt,
  Clock,
  EncodedBody,
  FlushOutcome,
  NodeLayout,
  PointValues,
  Target,
  TargetColumn,
  TargetDescription,
  TargetTraits,
  Verdict,
} from '../../core/types/index.js';
import { Connections } from '../http/connections.js';
import { type Encode, encoder } from '../http/encode-body.js';
import type { ExchangeOutcome } from '../http/exchange.js';
import { Sender } from '../http/sender.js';
import type { LinesOptions } from '../http/types.js';
import { verdictOfOutcome } from '../http/write-outcome.js';
import type { Dialect } from './dialect.js';
import { preflight } from './lines-preflight.js';
import { QueryClient } from './query-client.js';

const knockTimeoutMs = 10_000;
/** For questions, even when nearly all of the time went into waiting for a first answer. */
const patienceMs = 10_000;
const shortAnswerBytes = 64 * 1024;
const longestAnswerBytes = 64 * 1024 * 1024;

export class LinesTarget implements Target {
  readonly traits: TargetTraits;
  readonly encode: Encode;
  readonly #kind: string;
  readonly #dialect: Dialect;
  readonly #options: LinesOptions;
  readonly #clock: Clock;
  readonly #connections: Connections;
  readonly #sender: Sender;

  /** Connects to nothing until it is asked something. */
  constructor(kind: string, dialect: Dialect, options: LinesOptions, clock: Clock) {
    this.traits = dialect.traits;
    this.#kind = kind;
    this.#dialect = dialect;
    this.#options = options;
    this.#clock = clock;
    this.#connections = new Connections(options, dialect.authorization, clock);
    // Only gzip is taken by all versions; one takes anything else for line protocol.
    this.encode = encoder(
      options.compression,
      options.urls.map(({ origin }) => origin),
      false,
    );
    const speaking = {
      write: this.#write.bind(this),
      verdictOf: (outcome: ExchangeOutcome, timeoutMs: number, empty: boolean) =>
        this.#verdictOf(outcome, timeoutMs, empty),
    };
    this.#sender = new Sender(options, speaking, clock);
  }

  async describe(signal: AbortSignal): Promise<TargetDescription> {
    this.#sender.warnOfInsecurity();
    const { description, verdicts } = await preflight({
      dialect: this.#dialect,
      options: this.#options,
      clock: this.#clock,
      signal,
      kind: this.#kind,
      knock: () => this.#knock(signal),
      asker: (order) => this.#asker(signal, order),
    });
    this.#sender.learn(verdicts);
    return description;
  }

  columns(signal: AbortSignal, table?: string): Promise<TargetColumn[]> {
    return this.#dialect.columns?.(this.#asker(signal), table) ?? Promise.resolve([]);
  }

  readBack(points: readonly PointValues[], signal: AbortSignal): Promise<(PointValues | null)[]> {
    return this.#dialect.readBack?.(this.#asker(signal), points) ?? Promise.resolve(points.map(() => null));
  }

  /** Points are not counted there, only values. */
  count(): Promise<null> {
    return Promise.resolve(null);
  }

  write(body: EncodedBody, points: number, timeoutMs: number, signal: AbortSignal): Promise<Attempt> {
    return this.#sender.write(body, points, timeoutMs, signal);
  }

  flush(): Promise<FlushOutcome> {
    return Promise.resolve({ kind: 'notPermitted', tookMs: 0, reason: `${this.traits.title} has no request for it` });
  }

  gauges(): Promise<null[]> {
    return Promise.resolve(this.#options.urls.map(() => null));
  }

  layout(): Promise<NodeLayout> {
    return Promise.resolve({ nodes: 1, vnodesPerNode: 1, from: 'endpoints' });
  }

  endpoints(): ReturnType<Target['endpoints']> {
    return this.#sender.accounts();
  }

  async close(): Promise<void> {
    this.#sender.close();
    await this.#connections.close();
  }

  #write(index: number, body: EncodedBody | null, timeoutMs: number, signal: AbortSignal): Promise<ExchangeOutcome> {
    const { knock, writePath } = this.#dialect;
    const question = body === null && knock !== null ? knock : { path: writePath, body: '' };
    const asked = question.body === undefined ? null : Buffer.from(question.body);
    const ask = {
      method: asked === null ? 'GET' : 'POST',
      path: question.path,
      headers: { ...question.headers, ...(body?.encoding ? { 'content-encoding': body.encoding } : {}) },
      body: body?.bytes ?? asked,
      timeoutMs,
      maxAnswerBytes: shortAnswerBytes,
    } as const;
    return this.#connections.send(index, ask, signal);
  }

  #verdictOf(outcome: ExchangeOutcome, timeoutMs: number, empty: boolean): Verdict {
    const now = this.#clock.now();
    return verdictOfOutcome(outcome, timeoutMs, (answer) =>
      empty ? this.#dialect.knocked(answer, now) : this.#dialect.verdict(answer, now),
    );
  }

  #knock(signal: AbortSignal): Promise<Verdict[]> {
    return Promise.all(
      this.#options.urls.map(async (_, index) => {
        const outcome = await this.#write(index, null, knockTimeoutMs, signal);
        return this.#verdictOf(outcome, knockTimeoutMs, true);
      }),
    );
  }

  #asker(signal: AbortSignal, order: readonly number[] = this.#sender.order()): QueryClient {
    return new QueryClient({
      connections: this.#connections,
      clock: this.#clock,
      signal,
      shown: this.#options.urls.map(({ shown }) => shown),
      order,
      deadline: this.#clock.monotonic() + Math.max(patienceMs, this.#options.waitForTargetMs),
      answerBytes: this.#options.answerBytes ?? longestAnswerBytes,
    });
  }
}
