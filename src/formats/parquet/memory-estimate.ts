// The memory that reading a row group takes, estimated from the footer before the first row is read.

import { InputError } from '../../core/errors.js';
import { count, size } from '../../core/text.js';
import type { MemoryBudget } from '../../core/types/index.js';
import type { Chunk, Footer } from './metadata/footer.js';
import type { Leaf } from './metadata/parquet-schema.js';
import { type SelectedColumns, selectedLeaves } from './metadata/selected-columns.js';
import { renderedBytes } from './rows/rendered-dictionary.js';

/** Garbage and decoder buffers come on top of the pages (measured: 26 to 59 MiB for 19 to 28 MiB of pages). */
const overhead = 1.75;
const fixedBytes = 12 * 1_048_576;
/** Levels, dictionary index and unpacked number of each value; texts have two offsets in addition. */
const perNumber = 10;
const perText = 14;

function chunkEstimate({ from, to, bytes, values, codec }: Chunk, { width }: Leaf): number {
  const packed = codec === 'UNCOMPRESSED' ? 0 : to - from;
  return bytes + packed + values * (width === 0 ? perText : perNumber);
}

/** Estimates the bytes that each row group takes. */
export function groupEstimates({ groups }: Pick<Footer, 'groups'>, columns: SelectedColumns): number[] {
  const leaves = selectedLeaves(columns);
  return groups.map(({ chunks }) => {
    const pages = leaves.reduce((sum, leaf) => sum + chunkEstimate(chunks[leaf.index]!, leaf), 0);
    return fixedBytes + renderedBytes + overhead * pages;
  });
}

/** Throws InputError with the figures when a row group exceeds the budget. */
export function assertFits(footer: Footer, columns: SelectedColumns, budget: MemoryBudget, name: string): void {
  const estimates = groupEstimates(footer, columns);
  const max = estimates.reduce((a, b) => Math.max(a, b), 0);
  if (max <= budget.bytes) return;
  const i = estimates.indexOf(max);
  const limit = budget.limitFor(max);
  throw new InputError({
    tried: `reading ${name}`,
    expected: `row groups that take at most ${size(budget.bytes)} of memory, as --memory-limit allows`,
    found: `row group ${i + 1} of ${footer.groups.length} with ${count(footer.groups[i]!.rows)} rows, which takes about ${size(max)}`,
    fix: `${limit === null ? '' : `set --memory-limit ${limit}, `}read fewer columns with --fields, or write the file again with smaller row groups`,
  });
}
