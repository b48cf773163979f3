// What the fate of a batch says about the input it came from: which of its bytes need not be read again.

import { timestampDigits } from '../core/line-protocol.js';
import type { Batch, BatchReject, Receipt } from '../core/types/index.js';
import type { SettledPiece } from './input-progress.js';

/** A piece of a point that comes in parts: it counts once the whole point is in the dead letters. */
export interface SettledPart {
  /** Line of the point, the same for all its parts. */
  readonly line: number;
  readonly piece: SettledPiece;
}

export interface SettledRanges {
  readonly settled: readonly SettledPiece[];
  readonly parts: readonly SettledPart[];
}

/** @param kept whether the rejects of the batch are in the dead letters */
export function settledRanges(batch: Batch, receipt: Receipt, kept: boolean): SettledRanges {
  const { span, rejects } = batch;
  const hasParts = rejects.some(({ part }) => part !== 'whole');
  const allKept = kept || (rejects.length === 0 && receipt.rejected.length === 0);
  if (receipt.undelivered.length > 0 || hasParts || !allKept) return walk(batch, receipt, kept);
  const ordinal = span.ordinal + batch.points + rejects.length;
  const to = { byteOffset: span.byteOffset + span.bytes, line: span.endLine, ordinal, digits: digitsOf(batch) };
  return { settled: [{ from: span.byteOffset, to }], parts: [] };
}

/** A point, or a reject, and where it begins. */
interface Unit {
  readonly byteOffset: number;
  readonly line: number;
  readonly fate: 'settled' | 'open' | 'part';
  readonly counts: boolean;
}

/** Unit by unit: only for batches that were settled in part. */
function walk(batch: Batch, receipt: Receipt, kept: boolean): SettledRanges {
  const { span } = batch;
  const settled: SettledPiece[] = [];
  const parts: SettledPart[] = [];
  const digits = digitsOf(batch);
  let ordinal = span.ordinal;
  let from = span.byteOffset;
  const all = units(batch, receipt, kept);
  for (const [i, unit] of all.entries()) {
    const next = all[i + 1];
    if (unit.counts) ordinal += 1;
    const end = next ?? { byteOffset: span.byteOffset + span.bytes, line: span.endLine };
    const to = { byteOffset: end.byteOffset, line: end.line, ordinal, digits };
    // What comes before the first unit, comments and the like, goes with it.
    if (unit.fate === 'settled' && next?.fate === 'settled') continue;
    if (unit.fate === 'settled') settled.push({ from, to });
    if (unit.fate === 'part') parts.push({ line: unit.line, piece: { from, to } });
    from = end.byteOffset;
  }
  return { settled, parts };
}

function units(batch: Batch, receipt: Receipt, kept: boolean): Unit[] {
  const open = new Uint8Array(batch.points);
  for (const { from, to } of receipt.undelivered) open.fill(1, from, to);
  if (!kept) for (const { point } of receipt.rejected) open[point] = 1;
  const points = Array.from(open, (isOpen, i): Unit => {
    const { byteOffset, line } = batch.source(i);
    return { byteOffset, line, fate: isOpen === 1 ? 'open' : 'settled', counts: true };
  });
  return [...points, ...batch.rejects.map((reject) => rejected(reject, kept))].sort(
    (a, b) => a.byteOffset - b.byteOffset,
  );
}

function rejected({ byteOffset, line, part }: BatchReject, kept: boolean): Unit {
  const fate = !kept ? 'open' : part === 'whole' ? 'settled' : 'part';
  return { byteOffset, line, fate, counts: part === 'whole' || part === 'last' };
}

/** Decimal digits of the timestamp of the last point; 0 when it has none. */
function digitsOf(batch: Batch): number {
  return batch.points === 0 ? 0 : timestampDigits(batch.source(batch.points - 1).bytes);
}
