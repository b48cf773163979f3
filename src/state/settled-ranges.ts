// Computes which bytes of the input are settled (loaded, or rejected and stored) after a batch. A resumed load skips
// these bytes.

import { LF, MINUS, SPACE } from '../core/ascii.js';
import type { Batch, BatchReject, Receipt } from '../core/types/index.js';
import type { SettledPiece } from './input-progress.js';

/**
 * One part of a rejected point that arrives in several parts. All parts are settled once the whole point is stored as a
 * dead letter.
 */
export interface SettledPart {
  /** Line number of the point, equal for all its parts. */
  readonly line: number;
  readonly piece: SettledPiece;
}

export interface SettledRanges {
  readonly settled: readonly SettledPiece[];
  readonly parts: readonly SettledPart[];
}

/**
 * Returns the settled ranges of a batch.
 * @param stored true if the rejects of the batch are stored as dead letters
 */
export function settledRanges(batch: Batch, receipt: Receipt, stored: boolean): SettledRanges {
  const { span, rejects } = batch;
  const hasParts = rejects.some(({ part }) => part !== 'whole');
  const allStored = stored || (rejects.length === 0 && receipt.rejected.length === 0);
  if (receipt.undelivered.length > 0 || hasParts || !allStored) return rangesByUnit(batch, receipt, stored);
  const ordinal = span.ordinal + batch.points + rejects.length;
  const to = { byteOffset: span.byteOffset + span.bytes, line: span.endLine, ordinal, digits: lastDigits(batch) };
  return { settled: [{ from: span.byteOffset, to }], parts: [] };
}

/** A point or a reject of a batch. In the input, a unit extends to the start of the next unit. */
interface Unit {
  readonly byteOffset: number;
  readonly line: number;
  readonly state: 'settled' | 'open' | 'part';
  readonly counts: boolean;
}

/** Returns the settled ranges of a batch that is not settled as a whole. */
function rangesByUnit(batch: Batch, receipt: Receipt, stored: boolean): SettledRanges {
  const { span } = batch;
  const settled: SettledPiece[] = [];
  const parts: SettledPart[] = [];
  const digits = lastDigits(batch);
  let ordinal = span.ordinal;
  let from = span.byteOffset;
  const all = unitsOf(batch, receipt, stored);
  for (const [i, unit] of all.entries()) {
    const next = all[i + 1];
    if (unit.counts) ordinal += 1;
    const end = next ?? { byteOffset: span.byteOffset + span.bytes, line: span.endLine };
    const to = { byteOffset: end.byteOffset, line: end.line, ordinal, digits };
    // Joins neighbouring settled units into one range. Comments and blank lines before the first unit belong to that
    // unit.
    if (unit.state === 'settled' && next?.state === 'settled') continue;
    if (unit.state === 'settled') settled.push({ from, to });
    if (unit.state === 'part') parts.push({ line: unit.line, piece: { from, to } });
    from = end.byteOffset;
  }
  return { settled, parts };
}

function unitsOf(batch: Batch, receipt: Receipt, stored: boolean): Unit[] {
  const open = new Uint8Array(batch.points);
  for (const { from, to } of receipt.undelivered) open.fill(1, from, to);
  if (!stored) for (const { point } of receipt.rejected) open[point] = 1;
  const points = Array.from(open, (isOpen, i): Unit => {
    const { byteOffset, line } = batch.source(i);
    return { byteOffset, line, state: isOpen === 1 ? 'open' : 'settled', counts: true };
  });
  return [...points, ...batch.rejects.map((reject) => rejectUnit(reject, stored))].sort(
    (a, b) => a.byteOffset - b.byteOffset,
  );
}

function rejectUnit({ byteOffset, line, part }: BatchReject, stored: boolean): Unit {
  const state = !stored ? 'open' : part === 'whole' ? 'settled' : 'part';
  return { byteOffset, line, state, counts: part === 'whole' || part === 'last' };
}

/**
 * Counts the decimal digits of the last point's timestamp. Returns 0 for a batch without points, or if the last point
 * lacks a timestamp.
 */
function lastDigits(batch: Batch): number {
  if (batch.points === 0) return 0;
  const { bytes } = batch.source(batch.points - 1);
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === SPACE || bytes[end - 1] === LF)) end -= 1;
  let at = end;
  while (at > 0 && bytes[at - 1]! >= 48 && bytes[at - 1]! <= 57) at -= 1;
  const before = bytes[at - 1] === MINUS ? bytes[at - 2] : bytes[at - 1];
  return before === SPACE ? end - at : 0;
}
