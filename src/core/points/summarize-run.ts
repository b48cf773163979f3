// Builds a `RunSummary` on the thread that has parsed the points. There the points are still in the CPU cache, so
// checking them costs little. The main thread then need not read each point.

import { LF } from '../ascii.js';
import type { RunSummary } from '../types/index.js';
import { LENGTH, LINE, POINT_WORDS, SHAPE, SOURCE_LENGTH, SOURCE_START, START, TIME_HIGH } from '../types/index.js';

/**
 * Summarizes the first `count` points of `index`. Returns null if a point does not directly follow the point before it,
 * or lacks an LF at its end. Also returns null if some points are rewritten and others are unchanged.
 */
export function summarizeRun(bytes: Uint8Array, index: Uint32Array, count: number): RunSummary | null {
  if (count === 0) return null;
  const isRewritten = isRewrittenAt(index, 0);
  const first = index[SHAPE]!;
  let isUniform = true;
  let next = index[START]!;
  let sourceEnd = 0;
  let line = index[LINE]!;
  let minHigh = index[TIME_HIGH]! | 0;
  let maxHigh = minHigh;
  for (let word = 0; word < count * POINT_WORDS; word += POINT_WORDS) {
    const end = next + index[word + LENGTH]!;
    if (index[word + START] !== next || bytes[end] !== LF || isRewrittenAt(index, word) !== isRewritten) return null;
    if (isRewritten ? index[word + SOURCE_START]! < sourceEnd : index[word + LINE] !== line) return null;
    next = end + 1;
    sourceEnd = index[word + SOURCE_START]! + index[word + SOURCE_LENGTH]!;
    line += 1;
    if (index[word + SHAPE] !== first) isUniform = false;
    const high = index[word + TIME_HIGH]! | 0;
    if (high < minHigh) minHigh = high;
    if (high > maxHigh) maxHigh = high;
  }
  return { isRewritten, shape: isUniform ? first : null, minHigh, maxHigh };
}

function isRewrittenAt(index: Uint32Array, word: number): boolean {
  return index[word + START] !== index[word + SOURCE_START] || index[word + LENGTH] !== index[word + SOURCE_LENGTH];
}
