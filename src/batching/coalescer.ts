// Combines the last batches of small inputs into one request. The ledger still counts each batch for its own input.
// With one request per file, a load of many files would spend most of its time on requests. The target would also write
// once per file.

import type { Batch, BucketPart, Clock, Receipt } from '../core/types/index.js';
import { END, LINE_DELTA, OFFSET_DELTA, ORIGINAL, SLOT_WORDS, type Slot } from './arena.js';
import { LingerTimer } from './linger.js';
import type { FilledBatch } from './open-batch.js';

/** Body bytes up to which copying a batch is cheaper than sending it in a separate request. */
const smallBytes = 64 * 1024;
/** Largest number of batches in one request. No input of these batches is finished before the response arrives. */
const maxParts = 256;

export interface CoalesceOptions {
  /** Largest number of points in a request. */
  readonly points: number;
  /** Returns the size limit of a request body at this moment, bytes. */
  readonly bodyBytes: () => number;
  /** Time that an incomplete batch waits for more input, ms. */
  readonly lingerMs: number;
  readonly clock: Clock;
  /** Called with a finished batch that will not be sent. */
  readonly abandon: (batch: Batch) => void;
}

/**
 * Combines small batches, and yields all other batches unchanged. One batch is kept, with its slot, while the next
 * batch is filled. So the arena needs at least two slots.
 */
export async function* coalesce(
  batches: AsyncGenerator<Batch, void>,
  options: CoalesceOptions,
): AsyncGenerator<Batch, void> {
  const linger = new LingerTimer(options.clock, options.lingerMs);
  let pending: Promise<Pulled> | null = null;
  const ready: CombinedBatch[] = [];
  try {
    for (;;) {
      pending ??= pull(batches);
      const open = ready.at(-1);
      const got: Pulled | 'idle' = open === undefined ? await pending : await linger.race(pending);
      if (got !== 'idle') pending = null;
      const batch = got !== 'idle' && 'batch' in got ? got.batch : null;
      if (batch !== null && open?.take(batch, options) === true) continue;
      if (batch !== null) ready.push(new CombinedBatch(batch));
      // Keeps a batch that may still grow, and yields the batches before it. At a pause or at the end, yields all
      // batches.
      while (ready.length > (batch !== null && isSmall(batch) ? 1 : 0)) yield ready.shift()!.batch();
      if (got === 'idle' || 'batch' in got) continue;
      if (got.failed) throw got.cause;
      return;
    }
  } finally {
    linger.end();
    for (const { parts } of ready) for (const part of parts) options.abandon(part);
    for (const combined of ready) combined.release();
    await batches.return();
  }
}

type Pulled = { readonly batch: Batch } | { readonly failed: boolean; readonly cause?: unknown };

/**
 * Gets the next batch. Returns a failure as a value, so that the caller can yield the combined batches before it
 * throws.
 */
async function pull(batches: AsyncGenerator<Batch, void>): Promise<Pulled> {
  try {
    const { done, value } = await batches.next();
    return done ? { failed: false } : { batch: value };
  } catch (cause) {
    return { failed: true, cause };
  }
}

/**
 * Splits the receipt of a request (the results of all its points) among the batches that `coalesce` combined in the
 * request. A batch that was not combined gets the whole receipt.
 */
export function* shares(batch: Batch, receipt: Receipt): Generator<[Batch, Receipt]> {
  if (batch.parts === undefined) {
    yield [batch, receipt];
    return;
  }
  let from = 0;
  for (const part of batch.parts) {
    yield [part, share(receipt, from, from + part.points)];
    from += part.points;
  }
}

/** Returns the part of a receipt for the points [from, to), renumbered from 0. */
function share({ loaded, rejected, undelivered }: Receipt, from: number, to: number): Receipt {
  const clip = (ranges: Receipt['loaded']): Receipt['loaded'] =>
    ranges
      .map((range) => ({ from: Math.max(range.from, from) - from, to: Math.min(range.to, to) - from }))
      .filter((range) => range.from < range.to);
  return {
    loaded: clip(loaded),
    rejected: rejected
      .filter(({ point }) => point >= from && point < to)
      .map((reject) => ({ ...reject, point: reject.point - from })),
    undelivered: clip(undelivered),
  };
}

/**
 * Tests whether a batch is the last of its input and small enough to be combined with others. A batch with rejects or
 * rewritten points cannot be combined, because the original input of these points (`Slot.side`) is not copied.
 */
function isSmall(batch: Batch): batch is FilledBatch {
  const { cut, points, body, rejects, introduces, sideBytes } = batch as Batch & Partial<FilledBatch>;
  const plain = introduces === null && rejects.length === 0 && sideBytes === 0;
  return cut === 'inputEnd' && plain && points > 0 && body.length <= smallBytes;
}

/** Combines batches of several inputs in the slot of the first batch. */
class CombinedBatch {
  readonly parts: Batch[];
  readonly #first: Batch;
  #points: number;
  #bytes: number;
  #values: number;
  #slots: number;

  constructor(first: Batch) {
    this.#first = first;
    this.parts = [first];
    this.#points = first.points;
    this.#bytes = first.body.length;
    this.#values = first.values;
    this.#slots = first.slots;
  }

  release(): void {
    this.#first.release();
  }

  /**
   * Copies `next` behind the batches combined so far, and releases the slot of `next`. Returns false if `next` does not
   * fit or cannot be combined. The caller must then start a new combined batch.
   */
  take(next: Batch, { points, bodyBytes }: CoalesceOptions): boolean {
    const first = this.#first;
    if (!isSmall(first) || !isSmall(next)) return false;
    const { slot } = first;
    const maxPoints = Math.min(points, slot.index.length / SLOT_WORDS);
    const maxBytes = Math.min(bodyBytes(), slot.body.length);
    const fits = this.#points + next.points <= maxPoints && this.#bytes + next.body.length <= maxBytes;
    if (!fits || this.parts.length >= maxParts) return false;
    slot.body.set(next.body, this.#bytes);
    // `all` writes the missing words of the first batch. The words of the next batch are stored behind these words.
    first.entries.all();
    slot.index.set(next.entries.all(), this.#points * SLOT_WORDS);
    for (let i = this.#points; i < this.#points + next.points; i += 1) slot.index[i * SLOT_WORDS + END]! += this.#bytes;
    this.parts.push(partOf(slot, this.#points, this.#bytes, next));
    this.#points += next.points;
    this.#bytes += next.body.length;
    this.#values += next.values;
    this.#slots += next.slots;
    next.release();
    return true;
  }

  batch(): Batch {
    const { parts } = this;
    const first = this.#first;
    if (parts.length === 1 || !isSmall(first)) return first;
    const { slot } = first;
    return {
      ordinal: first.ordinal,
      points: this.#points,
      values: this.#values,
      slots: this.#slots,
      buckets: combinedBuckets(parts),
      body: slot.body.subarray(0, this.#bytes),
      bodyEnd: (i) => slot.index[i * SLOT_WORDS + END]!,
      source: (i) => sourceIn(parts, i),
      rejects: [],
      introduces: null,
      span: first.span,
      deadLetterFormat: first.deadLetterFormat,
      cut: 'inputEnd',
      parts,
      release: () => first.release(),
    };
  }
}

/** Sums up the bytes of each time bucket over all batches of one body. */
function combinedBuckets(parts: readonly Batch[]): BucketPart[] {
  const buckets = new Map<number, BucketPart>();
  let [points, bytes] = [0, 0];
  for (const part of parts) {
    for (const each of part.buckets) {
      buckets.set(each.bucket, {
        bucket: each.bucket,
        bytes: each.bytes + (buckets.get(each.bucket)?.bytes ?? 0),
        lastPoint: each.lastPoint + points,
        lastStart: each.lastStart + bytes,
        lastBytes: each.lastBytes,
      });
    }
    points += part.points;
    bytes += part.body.length;
  }
  return [...buckets.values()];
}

/**
 * Returns a view of a batch that was copied to `slot`. The copied points begin at index `point`, and their bytes at
 * offset `at` of the body.
 */
function partOf(slot: Slot, point: number, at: number, batch: FilledBatch): Batch {
  const word = (i: number, which: number): number => slot.index[(point + i) * SLOT_WORDS + which]!;
  // LINE_DELTA and OFFSET_DELTA count from the first point, because the batch has no rejects.
  const { line, byteOffset: offset } = batch.source(0);
  const { ordinal, points, values, slots, buckets, rejects, introduces, span, deadLetterFormat, cut } = batch;
  return {
    ...{ ordinal, points, values, slots, buckets, rejects, introduces, span, deadLetterFormat, cut },
    body: slot.body.subarray(at, at + batch.body.length),
    bodyEnd: (i) => word(i, END) - at,
    source: (i) => {
      const from = i === 0 ? at : word(i - 1, END);
      const bytes = slot.body.subarray(from, from + word(i, ORIGINAL));
      return { bytes, line: line + word(i, LINE_DELTA), byteOffset: offset + word(i, OFFSET_DELTA) };
    },
    release: () => {},
  };
}

function sourceIn(parts: readonly Batch[], i: number): ReturnType<Batch['source']> {
  let from = 0;
  for (const part of parts) {
    if (i < from + part.points) return part.source(i - from);
    from += part.points;
  }
  throw new RangeError(`no point ${i} in this batch`);
}
