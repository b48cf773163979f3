// A batcher over line protocol, and its batches as plain values.

import { Arena } from '../../src/batching/arena.js';
import { Batcher, type BatcherOptions } from '../../src/batching/batcher.js';
import { unbounded } from '../../src/batching/points/point-bounds.js';
import type { SchemaGuard } from '../../src/batching/schema-gate.js';
import { summarizeRun } from '../../src/core/points/summarize-run.js';
import { type Batch, type ByteSource, POINT_WORDS, type Points } from '../../src/core/types/index.js';
import { LineProtocol, type LineProtocolOptions } from '../../src/formats/line-protocol/line-format.js';
import { Catalogue } from '../../src/schema/catalogue.js';
import { VirtualClock } from '../support/clock.js';

export const never = new AbortController().signal;

/** Counts points as the ledger does. */
class Account {
  read = 0;
  abandoned = 0;

  add(_input: number, points: number): void {
    this.read += points;
  }

  abandon(_input: number, points: number): void {
    this.abandoned += points;
  }
}

/** A guard that knows every shape. */
export const allKnown: SchemaGuard = {
  exclusive: true,
  match: () => ({ kind: 'known' }),
  introduction: () => new Catalogue([]).introduction(),
  fields: () => 0,
  columns: 0,
};

const plain: BatcherOptions = {
  points: 1000,
  bodyBytes: () => 1 << 16,
  lingerMs: 5000,
  precision: 'ns',
  sendsSeconds: false,
  startMs: 1_600_000_000_000,
  limit: Number.POSITIVE_INFINITY,
  skipPoints: 0,
  bounds: unbounded,
  bucketUnits: Number.POSITIVE_INFINITY,
  startTime: 1_600_000_000_000_000_000,
  unexpectedTimes: () => new Error('unexpected times'),
};

export interface Bench {
  readonly arena: Arena;
  readonly account: Account;
  readonly clock: VirtualClock;
  readonly batcher: Batcher;
}

export function bench(
  options: Partial<BatcherOptions> = {},
  guard = allKnown,
  arena = new Arena(2, { bodyBytes: 1 << 16, sideBytes: 1 << 16, points: 1000 }),
): Bench {
  const account = new Account();
  const clock = new VirtualClock();
  return { arena, account, clock, batcher: new Batcher(arena, guard, account, clock, { ...plain, ...options }) };
}

const format: LineProtocolOptions = { maxPointBytes: 4096, precision: 'ns', missingTimestamp: 'now' };

/** Returns the runs of a text, read in chunks of `chunkBytes`, each with at most `indexPoints` points. */
export function runs(text: string, options: Partial<LineProtocolOptions> = {}): AsyncGenerator<Points, void> {
  return new LineProtocol({ ...format, ...options }).points(source(text), never);
}

function source(text: string): ByteSource {
  const bytes = Buffer.from(text);
  let at = 0;
  return {
    bytesRead: bytes.length,
    compression: 'none',
    close: async () => {},
    read: async (into) => {
      const read = bytes.copy(into, 0, at);
      at += read;
      return read;
    },
  };
}

/** Copies runs to memory that batches may hold. `holds` counts them. */
export async function* heldRuns(
  all: AsyncGenerator<Points, void>,
  holds: { count: number },
): AsyncGenerator<Points, void> {
  for await (const run of all) {
    const hold = (): (() => void) => {
      holds.count += 1;
      return () => {
        holds.count -= 1;
      };
    };
    yield { ...run, bytes: run.bytes.slice(), index: run.index.slice(0, run.count * POINT_WORDS), hold };
  }
}

/** Adds the summaries that worker threads compute. `seen` counts the runs that have one. */
export async function* summarizedRuns(
  all: AsyncGenerator<Points, void>,
  seen: { count: number } = { count: 0 },
): AsyncGenerator<Points, void> {
  for await (const run of all) {
    const summary = summarizeRun(run.bytes, run.index, run.count);
    if (summary !== null) seen.count += 1;
    yield { ...run, summary };
  }
}

/** Copies a batch before its slot is released. */
export function snapshot(batch: Batch) {
  const numbers = Array.from({ length: batch.points }, (_, i) => i);
  return {
    ordinal: batch.ordinal,
    body: Buffer.from(batch.body).toString(),
    points: numbers.map((i) =>
      Buffer.from(batch.body.subarray(i === 0 ? 0 : batch.bodyEnd(i - 1), batch.bodyEnd(i))).toString(),
    ),
    sources: numbers.map((i) => {
      const { bytes, line, byteOffset } = batch.source(i);
      return { text: Buffer.from(bytes).toString(), line, byteOffset };
    }),
    rejects: batch.rejects.map(({ bytes, line, byteOffset, reason }) => ({
      text: Buffer.from(bytes).toString(),
      line,
      byteOffset,
      reason,
    })),
    values: batch.values,
    introduces: batch.introduces?.map((shape) => shape.table) ?? null,
    span: batch.span,
    cut: batch.cut,
  };
}

export type Snapshot = ReturnType<typeof snapshot>;

/** Collects all batches and releases each at once. */
export async function collect(batches: AsyncGenerator<Batch, void>): Promise<Snapshot[]> {
  const all: Snapshot[] = [];
  for await (const batch of batches) {
    all.push(snapshot(batch));
    batch.release();
  }
  return all;
}
