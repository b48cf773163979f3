// What a row group takes of memory while it is read: known from the footer, so that what does not fit is refused before it
// is begun.

import { InputError } from '../../core/errors.js';
import type { MemoryBudget } from '../../core/types/index.js';
import type { Chunk, Footer } from './metadata/footer.js';
import type { Leaf } from './metadata/parquet-schema.js';
import type { SelectedColumns } from './metadata/selected-columns.js';
import { readyBytes } from './rows/rendered-dictionary.js';

/** What is let go of stays for a while, and decoders take some (measured 2026-11-25: 26 to 59 MiB for 19 to 28 of pages). */
const lag = 1.75;
const fixed = 12 * 1_048_576;
/** Level, repetition, and place in a dictionary or words of an unpacked number, of each value; for texts their ends too. */
const perValue = 10;
const perText = 14;
const mib = (bytes: number): string => `${Math.ceil(bytes / 1_048_576)} MiB`;

function needOf({ from, to, bytes, values, codec }: Chunk, { width }: Leaf): number {
  const packed = codec === 'UNCOMPRESSED' ? 0 : to - from;
  return bytes + packed + values * (width === 0 ? perText : perValue);
}

/** Bytes that each row group takes. */
export function needs({ groups }: Pick<Footer, 'groups'>, { flat, lists }: SelectedColumns): number[] {
  const leaves = [...flat.map(({ node }) => node), ...lists.flatMap((list) => list.leaves)].map(({ leaf }) => leaf!);
  return groups.map(({ chunks }) => {
    const pages = leaves.reduce((sum, leaf) => sum + needOf(chunks[leaf.index]!, leaf), 0);
    return fixed + readyBytes + lag * pages;
  });
}

/** Throws InputError, with the figures, when a row group takes more than there is. */
export function assertFits(footer: Footer, columns: SelectedColumns, room: MemoryBudget, name: string): void {
  const all = needs(footer, columns);
  const most = Math.max(0, ...all);
  if (most <= room.bytes) return;
  const i = all.indexOf(most);
  const limit = room.limitFor(most);
  throw new InputError(
    `reading ${name}: expected row groups of at most ${mib(room.bytes)} in memory, which is what --memory-limit has room for beside the rest, got row group ${i + 1} of ${footer.groups.length} with ${footer.groups[i]!.rows} rows, which needs about ${mib(most)}; ` +
      `${limit === null ? '' : `--memory-limit ${limit} suffices; else `}read fewer columns with --fields, or write the file again with smaller row groups`,
  );
}
