// A target with scripted answers, and batches made by hand.

import type { Attempt, Batch, EncodedBody, Notice, Shape, Target, Verdict } from '../../src/core/types/index.js';
import { lineProtocolDeadLetters } from '../../src/core/types/index.js';
import { Delivery, type DeliveryOptions } from '../../src/delivery/delivery.js';
import { SizeLimit } from '../../src/delivery/size-limit.js';
import { VirtualClock } from '../support/clock.js';

export const accepted: Verdict = { kind: 'accepted' };
export const forming: Verdict = { kind: 'forming', reason: 'no leader', mayBeApplied: false };
export const unreachable: Verdict = { kind: 'unreachable', reason: 'ECONNREFUSED' };
export const dropped: Verdict = { kind: 'dropped', reason: 'socket hang up', mayBeApplied: true };
export const refused: Verdict = { kind: 'refused', reason: 'access denied' };

type Of<K extends Verdict['kind']> = Partial<Omit<Extract<Verdict, { kind: K }>, 'kind'>>;

export function overloaded(more: Of<'overloaded'> = {}): Verdict {
  const plain = { reason: 'busy', retryAfterMs: null, mayBeApplied: false, memory: false, timedOut: false };
  return { kind: 'overloaded', ...plain, ...more };
}

export function rejected(more: Of<'rejected'> = {}): Verdict {
  const plain = { reason: 'target-parse', message: 'no', offset: null, tooLarge: false, unknown: false };
  return { kind: 'rejected', ...plain, ...more };
}

/** Returns a batch with one point for each line. */
export function batchOf(lines: readonly string[], introduces: readonly Shape[] | null = null): Batch {
  const ends: number[] = [];
  for (const line of lines) ends.push((ends.at(-1) ?? 0) + line.length + 1);
  return {
    ordinal: 0,
    points: lines.length,
    values: lines.length,
    slots: lines.length,
    buckets: [],
    body: Buffer.from(lines.map((line) => `${line}\n`).join('')),
    bodyEnd: (i) => ends.at(i)!,
    source: (i) => ({ bytes: Buffer.from(lines[i]!), line: i + 1, byteOffset: ends[i - 1] ?? 0 }),
    rejects: [],
    deadLetterFormat: lineProtocolDeadLetters,
    introduces,
    span: { input: 0, firstLine: 1, byteOffset: 0, bytes: ends.at(-1) ?? 0, ordinal: 0, endLine: ends.length + 1 },
    cut: 'points',
    release: () => {},
  };
}

/** Returns lines `p0`, `p1`, … */
export function named(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `p${i}`);
}

interface Request {
  readonly lines: string[];
  readonly at: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

type Answer = Verdict | { readonly verdict: Verdict; readonly endpoint: string };

/** Answers each request with `answer`, which gets the lines of the body and the number of the request from 0. */
class ScriptedTarget implements Pick<Target, 'encode' | 'write'> {
  readonly requests: Request[] = [];
  readonly #clock: VirtualClock;
  readonly #answer: (lines: string[], number: number, signal: AbortSignal) => Answer | Promise<Answer>;

  constructor(
    clock: VirtualClock,
    answer: (lines: string[], number: number, signal: AbortSignal) => Answer | Promise<Answer>,
  ) {
    this.#clock = clock;
    this.#answer = answer;
  }

  async write(body: EncodedBody, points: number, timeoutMs: number, signal: AbortSignal): Promise<Attempt> {
    const lines = Buffer.from(body.bytes).toString().split('\n').slice(0, -1);
    if (lines.length > points) throw new Error(`announced ${points} points, sent ${lines.length}`);
    this.requests.push({ lines, at: this.#clock.monotonic(), timeoutMs, signal });
    const answer = await this.#answer(lines, this.requests.length - 1, signal);
    const { verdict, endpoint } = 'verdict' in answer ? answer : { verdict: answer, endpoint: 'http://one:8902' };
    return { verdict, endpoint, latencyMs: 1, sentBytes: body.bytes.length };
  }

  async encode(bytes: Uint8Array): Promise<EncodedBody> {
    return { bytes, encoding: null };
  }
}

export type Script = ConstructorParameters<typeof ScriptedTarget>[1];

export function scene(answer: Script, options: Partial<DeliveryOptions> = {}, bytes = 1 << 20) {
  const clock = new VirtualClock();
  const target = new ScriptedTarget(clock, answer);
  const notices: Notice[] = [];
  const observed: { verdict: Verdict; retry: boolean; bodyBytes: number }[] = [];
  const sizes = new SizeLimit(
    bytes,
    () => bytes,
    (notice) => notices.push(notice),
  );
  const delivery = new Delivery(target, clock, sizes, {
    retryForMs: 3_600_000,
    requestTimeoutMs: null,
    endpoints: 1,
    random: () => 0.5,
    observe: ({ verdict }, _batch, bodyBytes, retry) => observed.push({ verdict, retry, bodyBytes }),
    mayReject: () => true,
    awaitColumns: async () => {},
    notify: (notice) => notices.push(notice),
    ...options,
  });
  const stop = new AbortController();
  const abort = new AbortController();
  const start = (batch: Batch) => {
    let result: Awaited<ReturnType<Delivery['deliver']>> | null = null;
    void delivery.deliver(batch, stop.signal, abort.signal).then((delivered) => {
      result = delivered;
    });
    return () => result;
  };
  /** Delivers a batch; lets as much time pass as that takes. */
  const deliver = async (batch: Batch) => {
    const result = start(batch);
    for (let i = 0; i < 10_000 && result() === null; i += 1) await clock.advance(100);
    return result()!;
  };
  return { clock, target, notices, observed, sizes, stop, abort, start, deliver };
}
