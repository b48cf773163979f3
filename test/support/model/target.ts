// A Target that simulates CnosDB with a model cluster, without HTTP and on virtual time. It records every request and
// response for the expectations of a scenario.

import { parseShape } from '../../../src/core/points/line-protocol.js';
import type {
  Attempt,
  Clock,
  EncodedBody,
  EndpointTotals,
  FlushOutcome,
  NodeLayout,
  Target,
  TargetColumn,
  TargetDescription,
  Verdict,
} from '../../../src/core/types/index.js';
import type { ModelCluster } from './cluster.js';
import { bucketDays } from './input.js';
import { MiB } from './shape.js';

/** One recorded request. `inFlight` includes it. */
export interface Passed {
  readonly sentAt: number;
  readonly answeredAt: number;
  readonly bytes: number;
  readonly inFlight: number;
  readonly verdict: Verdict['kind'];
}

const LF = 10;
/** Length of a generated timestamp: nanoseconds of this century. */
const timeDigits = 19;
const bucketMs = bucketDays * 86_400_000;

/** Time for which the circuit of an unreachable endpoint is open. */
const aloneMs = 1_000;
const timedOut: Verdict = {
  kind: 'overloaded',
  reason: 'no answer in time',
  retryAfterMs: null,
  mayBeApplied: true,
  memory: false,
  timedOut: true,
};

export class ModelTarget implements Target {
  readonly traits = {
    title: 'CnosDB',
    firstWriteExclusive: true,
    plansMemory: true,
    countsPoints: true,
    sendsSeconds: false,
  };
  readonly passed: Passed[] = [];
  readonly #cluster: ModelCluster;
  readonly #clock: Clock;
  readonly #aloneUntil: number[];
  readonly #accounts: { loaded: number; failures: number }[];
  /** Those of the first point of each accepted body: a body introduces nothing else. */
  readonly #columns = new Map<string, TargetColumn>();
  /** Requests so far. */
  sent = 0;
  #turn = 0;
  #inFlight = 0;

  constructor(cluster: ModelCluster, clock: Clock) {
    this.#cluster = cluster;
    this.#clock = clock;
    this.#aloneUntil = cluster.nodes.map(() => 0);
    this.#accounts = cluster.nodes.map(() => ({ loaded: 0, failures: 0 }));
  }

  async describe(): Promise<TargetDescription> {
    const { shards, replicas, memcacheMiB } = this.#cluster.shape;
    const version = '2.4.3';
    const endpoints = this.#accounts.map((_, i) => ({ url: url(i), reachable: true, version, problem: null }));
    const settings = {
      precision: 'ns',
      ttlMs: null,
      vnodeDurationMs: bucketMs,
      strictWrite: false,
    } as const;
    const database = { ...settings, shard: shards, replica: replicas, maxMemcacheBytes: memcacheMiB * MiB };
    return { kind: 'cnosdb', version, endpoints, database };
  }

  readBack(): never {
    throw new Error('the model keeps no values');
  }

  count(): never {
    throw new Error('the model keeps no values');
  }

  async columns(): Promise<TargetColumn[]> {
    return [...this.#columns.values()];
  }

  async encode(bytes: Uint8Array): Promise<EncodedBody> {
    return { bytes, encoding: null };
  }

  async write({ bytes }: EncodedBody, points: number, timeoutMs: number, signal: AbortSignal): Promise<Attempt> {
    const node = this.#next();
    const sentAt = this.#clock.monotonic();
    this.sent += 1;
    this.#inFlight += 1;
    const inFlight = this.#inFlight;
    const verdict = await this.#ask(node, bytes, timeoutMs, signal);
    this.#inFlight -= 1;
    const answeredAt = this.#clock.monotonic();
    this.passed.push({ sentAt, answeredAt, bytes: bytes.length, inFlight, verdict: verdict.kind });
    if (verdict.kind === 'accepted') {
      this.#accounts[node]!.loaded += points;
      const { table, columns } = parseShape(bytes.subarray(0, bytes.indexOf(LF)));
      for (const column of columns) this.#columns.set(column.name, { table, ...column });
    } else this.#accounts[node]!.failures += 1;
    if (verdict.kind === 'unreachable') this.#aloneUntil[node] = answeredAt + aloneMs;
    return { verdict, endpoint: url(node), latencyMs: answeredAt - sentAt, sentBytes: bytes.length };
  }

  async flush(timeoutMs: number, signal: AbortSignal): Promise<FlushOutcome> {
    return await new Promise((resolve) => {
      const end = (kind: 'timedOut' | 'failed', tookMs: number) => (): void => resolve({ kind, tookMs, reason: kind });
      this.#clock.after(timeoutMs, end('timedOut', timeoutMs));
      signal.addEventListener('abort', end('failed', 0), { once: true });
      this.#cluster.compact(resolve);
    });
  }

  async gauges(): Promise<readonly (number | null)[]> {
    return this.#cluster.gauges();
  }

  async layout(): Promise<NodeLayout> {
    const { nodes, shards, replicas } = this.#cluster.shape;
    return {
      nodes,
      vnodesPerNode: Math.ceil((shards * replicas) / nodes),
      from: 'replicas',
      bucketStarts: [],
    };
  }

  endpoints(): readonly EndpointTotals[] {
    return this.#accounts.map((account, i) => ({ url: url(i), ...account, openSeconds: 0 }));
  }

  async close(): Promise<void> {}

  #next(): number {
    const now = this.#clock.monotonic();
    const { nodes } = this.#cluster.shape;
    for (let i = 0; i < nodes; i += 1) {
      this.#turn = (this.#turn + 1) % nodes;
      if (this.#aloneUntil[this.#turn]! <= now) break;
    }
    return this.#turn;
  }

  async #ask(node: number, body: Uint8Array, timeoutMs: number, signal: AbortSignal): Promise<Verdict> {
    return await new Promise((resolve) => {
      const abort = (): void => settle({ kind: 'dropped', reason: 'aborted', mayBeApplied: true });
      const cancel = this.#clock.after(timeoutMs, () => settle(timedOut));
      const settle = (verdict: Verdict): void => {
        cancel();
        signal.removeEventListener('abort', abort);
        resolve(verdict);
      };
      signal.addEventListener('abort', abort, { once: true });
      this.#cluster.send(node, body.length, settle, partsOf(body));
    });
  }
}

/** Sums up the bytes of a body by time bucket. */
function partsOf(bytes: Uint8Array): Map<number, number> {
  const parts = new Map<number, number>();
  // Searching a Buffer for a byte takes a tenth of the time.
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0, end = 0; at < body.length; at = end) {
    end = body.indexOf(LF, at) + 1;
    let ms = 0;
    for (let i = end - timeDigits - 1; i < end - 7; i += 1) ms = ms * 10 + body[i]! - 0x30;
    const bucket = Math.floor(ms / bucketMs);
    parts.set(bucket, (parts.get(bucket) ?? 0) + end - at);
  }
  return parts;
}

function url(node: number): string {
  return `http://node${node + 1}:8902`;
}
