// Simulation of a target: it serves `capacity` requests at once, queues others, and refuses more than `refuseAbove`.
// Writers send as soon as the limit allows, as the delivery does. Times are in ms; random numbers are seeded.

import type { Verdict } from '../../src/core/types/index.js';
import { observe, startConcurrency } from '../../src/flow-control/concurrency.js';

interface Phase {
  readonly untilMs: number;
  readonly serviceMs: number;
  /** Requests served at once. */
  readonly capacity: number;
  /** ± share of the service time. */
  readonly jitter?: number;
  /** With more requests in flight the verdict is `refusal`, after `refusalMs`. */
  readonly refuseAbove?: number;
  readonly refusal?: Verdict['kind'];
  readonly refusalMs?: number;
  /** Every n-th body has `smallBytes` and takes a proportional share of the time. */
  readonly smallEvery?: number;
  /** Writers with something to send; default: all. */
  readonly busy?: number;
}

export interface Scenario {
  readonly name: string;
  readonly why: string;
  readonly workers: number;
  readonly phases: readonly Phase[];
  /** Expectations in [from, to) ms: range of the limit, range of its mean, largest number of changes. */
  readonly expect: readonly {
    readonly fromMs: number;
    readonly toMs: number;
    readonly limit?: readonly [number, number];
    readonly mean?: readonly [number, number];
    readonly changes?: number;
    readonly accepted?: readonly [number, number];
  }[];
}

export interface Seen {
  readonly at: number;
  readonly limit: number;
  readonly verdict: Verdict['kind'];
}

const fullBytes = 1_000_000;
const smallBytes = 20_000;
const backoffMs = 100;

function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Request {
  readonly sentAt: number;
  readonly endsAt: number;
  readonly verdict: Verdict['kind'];
  readonly bytes: number;
}

/** Returns every answer of the run with the limit after it. */
export function simulate({ workers, phases }: Scenario): Seen[] {
  const next = random(7);
  const seen: Seen[] = [];
  const slots: number[] = []; // time at which each server slot is free again
  const flying: Request[] = [];
  const resting: number[] = []; // end of each back-off; its batch keeps its permit
  let state = startConcurrency(workers);
  let sent = 0;
  const end = phases.at(-1)?.untilMs ?? 0;
  for (let now = 0; now < end; now = Math.min(...flying.map((each) => each.endsAt), ...resting)) {
    while (resting.includes(now)) resting.splice(resting.indexOf(now), 1);
    for (const done of flying.filter((each) => each.endsAt <= now)) {
      const inFlight = flying.length + resting.length;
      flying.splice(flying.indexOf(done), 1);
      const { verdict, bytes } = done;
      state = observe(state, { verdict, latencyMs: now - done.sentAt, bytes, inFlight, now });
      seen.push({ at: now, limit: state.limit, verdict });
      if (verdict !== 'accepted') resting.push(now + backoffMs);
    }
    const phase = phases.find((each) => now < each.untilMs);
    if (phase === undefined) break;
    while (flying.length + resting.length < Math.min(state.limit, phase.busy ?? workers)) {
      flying.push(send(phase, ++sent, now, slots, flying.length, next()));
    }
  }
  return seen;
}

function send(phase: Phase, ordinal: number, now: number, slots: number[], flying: number, chance: number): Request {
  if (flying >= (phase.refuseAbove ?? Number.POSITIVE_INFINITY)) {
    const verdict = phase.refusal ?? 'overloaded';
    return { sentAt: now, endsAt: now + (phase.refusalMs ?? 5) + chance, verdict, bytes: fullBytes };
  }
  const small = phase.smallEvery !== undefined && ordinal % phase.smallEvery === 0;
  const bytes = small ? smallBytes : fullBytes;
  const service = phase.serviceMs * (bytes / fullBytes) * (1 + (phase.jitter ?? 0) * (2 * chance - 1));
  while (slots.length < phase.capacity) slots.push(0);
  slots.length = phase.capacity;
  slots.sort((a, b) => a - b);
  const endsAt = Math.max(now, slots[0] ?? 0) + service;
  slots[0] = endsAt;
  return { sentAt: now, endsAt, verdict: 'accepted', bytes };
}
