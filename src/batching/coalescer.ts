// Small inputs travel together: the last batch of an input that holds little waits for those of the next inputs and goes
// with them in one request. In the account each stays a batch of its own input; a request per file would cost a load of
// many files most of its time, and the target a write per file.

import type { Batch, Clock, Receipt } from '../core/types/index.js';
import { END, LINE_DELTA, OFFSET_DELTA, ORIGINAL, SLOT_WORDS, type Slot } from './arena.js';
import { LingerTimer } from './linger.js';
import type { FilledBatch } from './open-batch.js';

/** Larger ones are worth a request of their own; copying what is smaller costs next to nothing. Body bytes. */
const smallBytes = 64 * 1024;
/** Each is an input whose account stays open until the request is answered. */
const mostParts = 256;

export interface CoalesceOptions {
  /** Most points of a request. */
  readonly points: number;
  /** Most body bytes just now. */
  readonly bodyBytes: () => number;
  /** As long as an incomplete batch waits for more input, ms. */
  readonly lingerMs: number;
  readonly clock: Clock;
  /** Told of a batch that was made and that nobody will take. */
  readonly abandon: (batch: Batch) => void;
}

/** Passes batches on, small ones joined. Holds one slot while it takes another: where there is only one it must not be used. */
export async function* coalesce(
  batches: AsyncGenerator<FilledBatch, void>,
  options: CoalesceOptions,
): AsyncGenerator<Batch, void> {
  const patience = new LingerTimer(options.clock, options.lingerMs);
  let pending: Promise<Pulled> | null = null;
  const ready: Joint[] = [];
  try {
    for (;;) {
      pending ??= pull(batches);
      const open = ready.at(-1);
      const got: Pulled | 'idle' = open === undefined ? await pending : await patience.race(pending);
      if (got !== 'idle') pending = null;
      const batch = got !== 'idle' && 'batch' in got ? got.batch : null;
      if (batch !== null && open?.take(batch, options) === true) continue;
      if (batch !== null) ready.push(new Joint(batch));
      // What may still grow stays; everything before it goes, and at a pause or at the end everything goes.
      while (ready.length > (batch !== null && isSmall(batch) ? 1 : 0)) yield ready.shift()!.batch();
      if (got === 'idle' || 'batch' in got) continue;
      if (got.failed) throw got.cause;
      return;
    }
  } finally {
    patience.end();
    for (const { parts } of ready) for (const part of parts) options.abandon(part);
    for (const joint of ready) joint.release();
    await batches.return();
  }
}

type Pulled = { readonly batch: FilledBatch } | { readonly failed: boolean; readonly cause?: unknown };

/** Never rejects: what was joined before goes out first. */
async function pull(batches: AsyncGenerator<FilledBatch, void>): Promise<Pulled> {
  try {
    const { done, value } = await batches.next();
    return done ? { failed: false } : { batch: value };
  } catch (cause) {
    return { failed: true, cause };
  }
}

/** What each of the batches in a batch came to: the batch itself, where nothing was joined. */
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

/** Rejects and originals beside the body are left where they are: what has some goes alone. */
function isSmall({ cut, points, body, rejects, introduces, sideBytes }: FilledBatch): boolean {
  const plain = introduces === null && rejects.length === 0 && sideBytes === 0;
  return cut === 'inputEnd' && plain && points > 0 && body.length <= smallBytes;
}

/** The batches joined so far, in the slot of the first. */
class Joint {
  readonly parts: Batch[];
  readonly #first: FilledBatch;
  #points: number;
  #bytes: number;
  #values: number;

  constructor(first: FilledBatch) {
    this.#first = first;
    this.parts = [first];
    this.#points = first.points;
    this.#bytes = first.body.length;
    this.#values = first.values;
  }

  release(): void {
    this.#first.release();
  }

  /** Copies it, and gives its slot back; false when it has no room, or is none to be joined. */
  take(next: FilledBatch, { points, bodyBytes }: CoalesceOptions): boolean {
    const { slot } = this.#first;
    const mostPoints = Math.min(points, slot.index.length / SLOT_WORDS);
    const mostBytes = Math.min(bodyBytes(), slot.body.length);
    const fits = this.#points + next.points <= mostPoints && this.#bytes + next.body.length <= mostBytes;
    if (!isSmall(next) || !fits || this.parts.length >= mostParts) return false;
    slot.body.set(next.body, this.#bytes);
    // Those of the first have to be written down as well: from here on they are part of a longer list.
    this.#first.entries.all();
    slot.index.set(next.entries.all(), this.#points * SLOT_WORDS);
    for (let i = this.#points; i < this.#points + next.points; i += 1) slot.index[i * SLOT_WORDS + END]! += this.#bytes;
    this.parts.push(partOf(slot, this.#points, this.#bytes, next));
    this.#points += next.points;
    this.#bytes += next.body.length;
    this.#values += next.values;
    next.release();
    return true;
  }

  /** What was joined, as one. */
  batch(): Batch {
    const { parts } = this;
    const first = this.#first;
    if (parts.length === 1) return first;
    const { slot } = first;
    return {
      ordinal: first.ordinal,
      points: this.#points,
      values: this.#values,
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

/** A batch that now lies in another's slot, its points from `point` and its bytes from `at` on. */
function partOf(slot: Slot, point: number, at: number, batch: FilledBatch): Batch {
  const word = (i: number, which: number): number => slot.index[(point + i) * SLOT_WORDS + which]!;
  const { line: baseLine, byteOffset: baseOffset } = batch.source(0);
  const [line, offset] = [baseLine - word(0, LINE_DELTA), baseOffset - word(0, OFFSET_DELTA)];
  const { ordinal, points, values, rejects, introduces, span, deadLetterFormat, cut } = batch;
  return {
    ...{ ordinal, points, values, rejects, introduces, span, deadLetterFormat, cut },
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
