// The fixed policy of other loaders, for comparison: a number of writers, one body size, and a resend as the only reaction.

import { type Killed, ModelCluster } from './cluster.js';
import { type ClusterShape, type MemoryConstants, MiB } from './shape.js';
import { Timeline } from './timeline.js';

export interface FixedPolicy {
  readonly writers: number;
  readonly bodyKiB: number;
  /** Pause between two COMPACT DATABASE, ms; absent: none is sent. */
  readonly compactEveryMs?: number;
}

export interface Ran {
  /** Time until the last byte was acknowledged; null if it was not. */
  readonly seconds: number | null;
  readonly mibPerSecond: number;
  readonly peaksMiB: readonly number[];
  readonly killed: readonly Killed[];
}

const againMs = 100;
const longestMs = 600_000;

/** Ends when the first node is killed. */
export function runFixed(shape: ClusterShape, constants: MemoryConstants, loadMiB: number, policy: FixedPolicy): Ran {
  const time = new Timeline();
  const cluster = new ModelCluster(shape, constants, time);
  let left = Math.round(loadMiB * MiB);
  let flying = 0;
  let turn = 0;
  let endedMs: number | null = null;
  const send = (bytes: number): void => {
    turn = (turn + 1) % shape.nodes;
    cluster.send(turn, bytes, ({ kind }) => {
      if (kind !== 'accepted') return void time.after(againMs, () => send(bytes));
      flying -= 1;
      next();
    });
  };
  const next = (): void => {
    if (left === 0 && flying === 0) endedMs = time.monotonic();
    if (left === 0) return;
    const bytes = Math.min(left, policy.bodyKiB * 1024);
    left -= bytes;
    flying += 1;
    send(bytes);
  };
  const compact = (everyMs: number): void => {
    time.after(everyMs, () => cluster.compact(() => compact(everyMs)));
  };
  for (let i = 0; i < policy.writers; i += 1) next();
  if (policy.compactEveryMs !== undefined) compact(policy.compactEveryMs);
  time.run(() => endedMs !== null || cluster.killed.length > 0, longestMs);
  const seconds = endedMs === null ? null : endedMs / 1000;
  return {
    seconds,
    mibPerSecond: seconds === null ? 0 : loadMiB / seconds,
    peaksMiB: cluster.nodes.map(({ peak }) => peak / MiB),
    killed: cluster.killed,
  };
}

/** The search tries every combination. */
export interface Rivals {
  readonly writers: readonly number[];
  readonly bodyKiB: readonly number[];
  /** 0: no flushes. */
  readonly compactEveryMs?: readonly number[];
}

/** Returns the fastest policy that kills no node; the first of equally fast ones. */
export function bestFixed(
  shape: ClusterShape,
  constants: MemoryConstants,
  loadMiB: number,
  { writers, bodyKiB, compactEveryMs = [0] }: Rivals,
): FixedPolicy & { readonly mibPerSecond: number } {
  let best = { writers: 0, bodyKiB: 0, mibPerSecond: 0 };
  for (const policy of combinations(writers, bodyKiB, compactEveryMs)) {
    const { killed, mibPerSecond } = runFixed(shape, constants, loadMiB, policy);
    if (killed.length === 0 && mibPerSecond > best.mibPerSecond) best = { ...policy, mibPerSecond };
  }
  return best;
}

function combinations(writers: readonly number[], bodies: readonly number[], pauses: readonly number[]): FixedPolicy[] {
  return writers.flatMap((each) =>
    bodies.flatMap((bodyKiB) =>
      pauses.map((pause) => ({ writers: each, bodyKiB, ...(pause === 0 ? {} : { compactEveryMs: pause }) })),
    ),
  );
}
