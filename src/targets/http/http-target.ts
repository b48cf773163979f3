// The client of every target that accepts line protocol over HTTP. A `Dialect` describes the differences between
// targets.

import type {
  Attempt,
  EncodedBody,
  FlushOutcome,
  NodeLayout,
  PointValues,
  Shape,
  Target,
  TargetColumn,
  TargetDescription,
  TargetTraits,
  TimeSpan,
  Verdict,
} from '../../core/types/index.js';
import type { TargetDeps, TargetDescriptor } from '../types.js';
import { Connections } from './connection/connections.js';
import type { Dialect } from './dialect.js';
import { DeflateThreads } from './encoding/deflate-thread.js';
import { type Encode, encoder } from './encoding/encode-body.js';
import { Sender } from './endpoints/sender.js';
import { preflight } from './preflight.js';
import { QueryClient } from './query-client.js';
import type { ExchangeOutcome } from './types.js';
import { judge, judgeOutcome } from './verdict-table.js';

const maxWriteResponseBytes = 64 * 1024;
/** Smallest time limit for queries, ms. If --wait-for-target is shorter, this limit applies. */
const minPatienceMs = 10_000;
/** If the target has several endpoints, each endpoint gets this time to list the columns, ms. */
const endpointPatienceMs = 2_000;

export class HttpTarget implements Target {
  readonly traits: TargetTraits;
  readonly encode: Encode;
  readonly #descriptor: TargetDescriptor;
  readonly #dialect: Dialect;
  readonly #deps: TargetDeps;
  readonly #connections: Connections;
  readonly #sender: Sender;
  readonly #threads: DeflateThreads;

  /** Opens no connection before the first request. Throws UsageError for a compression that this Node lacks. */
  constructor(descriptor: TargetDescriptor, dialect: Dialect, deps: TargetDeps) {
    const { urls, compression } = deps.settings;
    this.traits = descriptor.traits;
    this.#descriptor = descriptor;
    this.#dialect = dialect;
    this.#deps = deps;
    this.#connections = new Connections(deps, dialect.authorization);
    const origins = urls.map(({ origin }) => origin);
    this.#threads = new DeflateThreads(deps.compressionThreads);
    this.encode = encoder(compression, origins, descriptor.takesZstd, this.#threads);
    this.#sender = new Sender(deps, {
      write: (index, body, timeoutMs, signal) => this.#write(index, body, timeoutMs, signal),
      verdictOf: (outcome, timeoutMs, isProbe) => this.#verdictOf(outcome, timeoutMs, isProbe),
    });
  }

  async describe(
    signal: AbortSignal,
    beforeChange = (): Promise<number | null> => Promise.resolve(null),
  ): Promise<TargetDescription> {
    this.#sender.warnOfInsecurity();
    const { description, verdicts } = await preflight({
      descriptor: this.#descriptor,
      dialect: this.#dialect,
      deps: this.#deps,
      signal,
      probe: (timeoutMs) => this.#sender.probeAll(timeoutMs, signal),
      query: (order) => this.#query(signal, order),
      proxyName: (index) => this.#connections.proxyName(index),
      beforeChange,
    });
    this.#sender.learn(verdicts);
    return description;
  }

  async columns(signal: AbortSignal, table?: string): Promise<TargetColumn[]> {
    const list = async (query: QueryClient): Promise<TargetColumn[]> =>
      (await this.#dialect.columns?.(query, table)) ?? [];
    const endpoints = this.#dialect.clustered === true ? this.#sender.closed() : [];
    if (endpoints.length < 2) return await list(this.#query(signal));
    const queries = endpoints.map((index) => this.#query(signal, [index], endpointPatienceMs));
    const lists = await Promise.all(queries.map((query) => list(query).catch(() => null)));
    signal.throwIfAborted();
    const [first, ...others] = lists.filter((each) => each !== null);
    if (first === undefined) return await list(this.#query(signal));
    const shown = others.map((each) => new Set(each.map(keyOf)));
    return first.filter((column) => shown.every((keys) => keys.has(keyOf(column))));
  }

  get listsColumns(): boolean {
    return this.#dialect.listsColumns ?? true;
  }

  async createTable(shape: Shape, signal: AbortSignal): Promise<boolean> {
    return (await this.#dialect.createTable?.(this.#query(signal), shape)) ?? false;
  }

  async readBack(points: readonly PointValues[], signal: AbortSignal): Promise<(PointValues | null)[]> {
    return (await this.#dialect.readBack?.(this.#query(signal), points)) ?? points.map(() => null);
  }

  async *scan(table: string, span: TimeSpan, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
    const points = this.#dialect.scan?.(this.#query(signal), table, span);
    if (points !== undefined) yield* points;
  }

  async count(table: string, signal: AbortSignal): Promise<number | null> {
    return (await this.#dialect.count?.(this.#query(signal), table)) ?? null;
  }

  write(body: EncodedBody, points: number, timeoutMs: number, signal: AbortSignal): Promise<Attempt> {
    return this.#sender.write(body, points, timeoutMs, signal);
  }

  async flush(timeoutMs: number, signal: AbortSignal): Promise<FlushOutcome> {
    const reason = `${this.traits.title} has no flush request`;
    const unsupported = { kind: 'notPermitted', tookMs: 0, reason } as const;
    return (await this.#dialect.flush?.(this.#query(signal), timeoutMs)) ?? unsupported;
  }

  gauges(signal: AbortSignal): Promise<(number | null)[]> {
    const query = this.#query(signal);
    return Promise.all(query.urls.map(async (_, index) => (await this.#dialect.gauge?.(query, index)) ?? null));
  }

  async layout(signal: AbortSignal): Promise<NodeLayout> {
    const single = { nodes: 1, vnodesPerNode: 1, from: 'endpoints' } as const;
    return (await this.#dialect.layout?.(this.#query(signal))) ?? single;
  }

  endpoints(): ReturnType<Target['endpoints']> {
    return this.#sender.totals();
  }

  async close(): Promise<void> {
    this.#sender.close();
    await Promise.all([this.#connections.close(), this.#threads.close()]);
  }

  /** Sends a write, or the probe of the dialect if the body is null. */
  #write(index: number, body: EncodedBody | null, timeoutMs: number, signal: AbortSignal): Promise<ExchangeOutcome> {
    const { probe, writePath } = this.#dialect;
    const question = body === null ? probe?.request : undefined;
    const content = question?.body === undefined ? null : Buffer.from(question.body);
    const request = {
      method: 'POST',
      path: question?.path ?? writePath,
      headers: { ...question?.headers, ...(body?.encoding ? { 'content-encoding': body.encoding } : {}) },
      body: body?.bytes ?? content,
      timeoutMs,
      maxResponseBytes: maxWriteResponseBytes,
    } as const;
    return this.#connections.send(index, request, signal);
  }

  #verdictOf(outcome: ExchangeOutcome, timeoutMs: number, isProbe: boolean): Verdict {
    const { verdicts, probe } = this.#dialect;
    const now = this.#deps.clock.now();
    return judgeOutcome(verdicts, outcome, timeoutMs, now, (response) =>
      isProbe && probe !== undefined ? probe.verdict(response, now) : judge(verdicts, response, now),
    );
  }

  #query(
    signal: AbortSignal,
    order: readonly number[] = this.#sender.order(),
    waitMs = Math.max(minPatienceMs, this.#deps.settings.waitForTargetMs),
  ): QueryClient {
    const { clock, settings, maxResponseBytes } = this.#deps;
    return new QueryClient({
      title: this.#descriptor.title,
      verdicts: this.#dialect.verdicts,
      connections: this.#connections,
      clock,
      signal,
      urls: settings.urls.map(({ shown }) => shown),
      order,
      waitMs,
      maxResponseBytes,
    });
  }
}

function keyOf({ table, name, type }: TargetColumn): string {
  return JSON.stringify([table, name, type]);
}
