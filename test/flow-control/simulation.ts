// A target on paper: so many requests are served at once, the others queue; more than it likes are refused.
// Writers send as soon as the limit lets them, as the delivery does. Times in ms; random numbers are seeded.

import type { Verdict } from '../../src/core/types/index.js';
import { observe, uncongested } from '../../src/flow-control/concurrency.js';

interface Phase {
  readonly untilMs: number;
  readonly serviceMs: number;
  /** Requests served at once. */
  readonly capacity: number;
  /** ± share of the service time. */
  readonly jitter?: number;
  /** More in flight than this: the verdict `refusal`, after `refusalMs`. */
  readonly refuseAbove?: number;
  readonly refusal?: Verdict['kind'];
  readonly refusalMs?: number;
  /** Every so many bodies one is `smallBytes` long and takes a like share of the time. */
  readonly smallEvery?: number;
  /** Writers that have something to send, whatever the limit; default: all. */
  readonly busy?: number;
}

export interface Scenario {
  readonly name: string;
  readonly why: string;
  readonly workers: number;
  readonly phases: readonly Phase[];
  /** In [from, to) ms: the limit stays in [least, most]; its mean in `mean`; it changes at most `changes` times. */
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

/** Every answer of the run with the limit it led to. */
export function simulate({ workers, phases }: Scenario): Seen[] {
  const next = random(7);
  const seen: Seen[] = [];
  const slots: number[] = []; // when each server slot is free again
  const flying: Request[] = [];
  const resting: number[] = []; // permits held by batches in back-off
  let state = uncongested(workers);
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
