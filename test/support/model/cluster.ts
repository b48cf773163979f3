// A model of a CnosDB cluster (server contract §0.13–16, §4): bodies are split over shards, every replica applies its part,
// the memory pool refuses writes, and the kernel kills a node beyond its memory. The caller supplies the time.

import type { FlushOutcome, Verdict } from '../../../src/core/types/index.js';
import { ModelNode } from './node.js';
import { Queues } from './queues.js';
import { type Change, type ClusterShape, type MemoryConstants, MiB } from './shape.js';
import type { Time } from './timeline.js';

/** How often a node's gauge is refreshed; server contract §4.3. */
const gaugeEveryMs = 10_000;
const refusalMs = 5;
/** Writes to a group without a leader end with this, `query.write_timeout`. */
const leaderlessMs = 3_000;

interface Request {
  readonly node: ModelNode;
  readonly bytes: number;
  /** Bytes by time bucket; null: buckets follow from the bytes accepted. */
  readonly parts: ReadonlyMap<number, number> | null;
  readonly answer: (verdict: Verdict) => void;
  cancel: () => void;
}

export interface Killed {
  readonly node: number;
  readonly atMs: number;
}

export class ModelCluster {
  readonly shape: ClusterShape;
  readonly nodes: readonly ModelNode[];
  readonly killed: Killed[] = [];
  /** Body bytes applied. */
  accepted = 0;
  /** Number of COMPACTs, and the most that ran at once. */
  flushes = 0;
  mostFlushesAtOnce = 0;
  #compacting = 0;
  readonly #time: Time;
  readonly #queues: Queues;
  readonly #flying = new Set<Request>();
  #gaugesAt = 0;

  constructor(shape: ClusterShape, constants: MemoryConstants, time: Time) {
    this.shape = shape;
    this.#time = time;
    this.nodes = Array.from({ length: shape.nodes }, () => new ModelNode(shape, constants));
    this.#queues = new Queues(shape);
    for (const change of shape.changes ?? []) this.#schedule(change, change.atMs);
  }

  /** Hands a body to a node. `answer` is called once. */
  send(
    at: number,
    bytes: number,
    answer: (verdict: Verdict) => void,
    parts: ReadonlyMap<number, number> | null = null,
  ): void {
    const now = this.#settle();
    const node = this.nodes[at]!;
    const refusal = this.#refusal(node, bytes);
    if (refusal !== null) {
      this.#time.after(refusal.kind === 'forming' ? leaderlessMs : refusalMs, () => answer(refusal));
      return;
    }
    const request: Request = { node, bytes, parts, answer, cancel: () => {} };
    node.inFlight += bytes;
    this.#flying.add(request);
    request.cancel = this.#time.after(this.#servedAt(bytes, now) - now, () => this.#apply(request));
    this.#weigh();
  }

  /** COMPACT DATABASE. */
  compact(answer: (outcome: FlushOutcome) => void): void {
    const started = this.#settle();
    if (this.shape.compact?.permitted === false) {
      const reason = 'Insufficient privileges, expected [maintainer for database]';
      this.#time.after(refusalMs, () => answer({ kind: 'notPermitted', tookMs: refusalMs, reason }));
      return;
    }
    this.flushes += 1;
    this.#compacting += 1;
    this.mostFlushesAtOnce = Math.max(this.mostFlushesAtOnce, this.#compacting);
    const marks = this.nodes.map((node) => node.sealAll());
    const look = (): void => {
      this.#settle();
      const left = this.nodes.filter((node, i) => node.up && node.flushed < marks[i]! - 1);
      if (left.length > 0) {
        this.#time.after(Math.max(10, ...left.map((node) => node.flushesForMs)), look);
        return;
      }
      this.#compacting -= 1;
      answer({ kind: 'done', tookMs: this.#time.monotonic() - started, reason: null });
    };
    this.#time.after(2, look);
  }

  /** Unflushed bytes per node at the last refresh of the metrics page; null for a node without an answer. */
  gauges(): (number | null)[] {
    this.#settle();
    return this.nodes.map(({ up, gauge }) => (up ? gauge : null));
  }

  #holders(shard: number): ModelNode[] {
    const { nodes, replicas } = this.shape;
    return Array.from({ length: replicas }, (_, i) => this.nodes[(shard + i) % nodes]!);
  }

  #refusal(node: ModelNode, bytes: number): Verdict | null {
    if (!node.up) return { kind: 'unreachable', reason: 'ECONNREFUSED' };
    const pool = (this.shape.poolMiB ?? Number.POSITIVE_INFINITY) * MiB - this.#othersBytes();
    for (let shard = 0; shard < this.shape.shards; shard += 1) {
      const holders = this.#holders(shard);
      const living = holders.filter(({ up }) => up);
      if (living.length * 2 <= holders.length) return { kind: 'forming', reason: 'no leader', mayBeApplied: true };
      if (living.some(({ pooled }) => pooled + bytes * this.#queues.share(shard) > pool)) return exhausted;
    }
    return null;
  }

  #othersBytes(): number {
    const { others } = this.shape;
    if (others === undefined) return 0;
    return ((this.#time.monotonic() % others.periodMs) / others.periodMs) * others.peakMiB * MiB;
  }

  /** The slowest replica of a shard sets its pace. */
  #servedAt(bytes: number, now: number): number {
    const drag = this.#compacting > 0 ? (this.shape.compact?.slows ?? 1) : 1;
    return this.#queues.served(bytes, now, (shard) => drag * Math.max(...this.#holders(shard).map(({ slow }) => slow)));
  }

  #apply(request: Request): void {
    this.#settle();
    this.#flying.delete(request);
    const { shards, bucketMiB = Number.POSITIVE_INFINITY } = this.shape;
    const bucket = Math.floor(this.accepted / (bucketMiB * MiB));
    for (const [number, bytes] of request.parts ?? new Map([[bucket, request.bytes]])) {
      for (let shard = 0; shard < shards; shard += 1) {
        for (const node of this.#holders(shard)) {
          if (node.up) node.append(number * shards + shard, bytes * this.#queues.share(shard));
        }
      }
    }
    this.accepted += request.bytes;
    this.#weigh();
    request.node.inFlight -= request.bytes;
    if (request.node.up) request.answer({ kind: 'accepted' });
    else request.answer(closed);
  }

  /** Kills a node beyond its memory, as the kernel does. */
  #weigh(): void {
    const limit = (this.shape.limitMiB ?? Number.POSITIVE_INFINITY) * MiB;
    for (const [i, node] of this.nodes.entries()) {
      if (!node.up) continue;
      node.peak = Math.max(node.peak, node.resident);
      if (node.peak <= limit) continue;
      this.killed.push({ node: i, atMs: this.#time.monotonic() });
      this.#fail(node);
    }
  }

  #fail(node: ModelNode): void {
    node.up = false;
    for (const request of this.#flying) {
      if (request.node !== node) continue;
      this.#flying.delete(request);
      request.cancel();
      this.#time.after(0, () => request.answer(closed));
    }
  }

  #schedule(change: Change, inMs: number): void {
    this.#time.after(inMs, () => {
      this.#settle();
      for (const node of change.node === undefined ? this.nodes : [this.nodes[change.node]!])
        this.#change(node, change);
      if (change.everyMs !== undefined) this.#schedule(change, change.everyMs);
    });
  }

  #change(node: ModelNode, { slow, up, flushMiBPerSecond }: Change): void {
    node.slow = slow ?? node.slow;
    node.flushRate = flushMiBPerSecond ?? node.flushRate;
    if (up === true && !node.up) node.restart();
    if (up === false) this.#fail(node);
  }

  #settle(): number {
    const now = this.#time.monotonic();
    for (const node of this.nodes) node.settle(now);
    if (now - this.#gaugesAt >= gaugeEveryMs) {
      this.#gaugesAt = now - (now % gaugeEveryMs);
      for (const node of this.nodes) node.gauge = node.pooled;
    }
    return now;
  }
}

const closed: Verdict = { kind: 'dropped', reason: 'socket hang up', mayBeApplied: true };
const exhausted: Verdict = {
  kind: 'overloaded',
  reason: 'Memory Exhausted Retry Later',
  retryAfterMs: null,
  mayBeApplied: false,
  memory: true,
  timedOut: false,
};
