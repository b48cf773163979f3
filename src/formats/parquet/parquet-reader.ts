// From a Parquet file to runs of points: a row group at a time, its columns page by page, its rows in order.

import { BulkLoadError, InputError } from '../../core/errors.js';
import type { DeadLetterFormat, FileBytes, MemoryBudget, Points, Position, Shape } from '../../core/types/index.js';
import { pointsOf } from '../line-protocol/double-buffer.js';
import type { RowFormatMemory } from '../rows/rows.js';
import { assertFits } from './memory-estimate.js';
import { type Footer, type GroupLayout, readFooter } from './metadata/footer.js';
import type { Leaf, Node } from './metadata/parquet-schema.js';
import { columnsOf, type SelectedColumns } from './metadata/selected-columns.js';
import { type Codec, codecOf } from './pages/codecs.js';
import { ColumnPages } from './pages/column-pages.js';
import { PageCursor } from './pages/page-cursor.js';
import { ListRows } from './rows/list-rows.js';
import { RowWriter } from './rows/row-writer.js';

export interface ParquetInput {
  readonly file: FileBytes;
  readonly name: string;
  readonly room: MemoryBudget;
}

/** The same for all runs: rows are kept as JSON. */
const deadLetterFormat: DeadLetterFormat = { ending: '.ndjson.rows', head: new Uint8Array(0) };

/** Runs of points, as `Format.points` promises them. */
export async function* parquetPoints(
  { file, name, room }: ParquetInput,
  rows: RowFormatMemory,
  signal: AbortSignal,
  start: Position,
): AsyncGenerator<Points, void> {
  const footer = await readFooter(file, name, room.bytes);
  const columns = columnsOf(footer.root, rows.options);
  assertFits(footer, columns, room, name);
  const codecs = await codecsOf(footer, columns, name);
  rows.cells.reserve(columns.count);
  rows.cells.clear(rows.cells.kinds.length);
  rows.encoder.begin(columns.mapping);
  const writer = new RowWriter(rows, columns, start);
  const run = (): Points => pointsOf(scanOf(rows), writer.origin, writer.end);
  for (const [i, group] of footer.groups.entries()) {
    const skip = Math.max(0, start.line - 1 - group.first);
    if (skip >= group.rows) continue;
    let damage: unknown = null;
    try {
      for await (const _ of filledRuns({ file, group, columns, codecs, writer, skip })) {
        yield run();
        signal.throwIfAborted();
        writer.begin();
      }
    } catch (error) {
      signal.throwIfAborted();
      damage = error;
    }
    if (damage === null) continue;
    if (!writer.isEmpty) yield run();
    throw damage instanceof BulkLoadError ? damage : damaged(name, i, group, rows.run.line, damage);
  }
  if (!writer.isEmpty) yield run();
}

interface GroupReading {
  readonly file: FileBytes;
  readonly group: GroupLayout;
  readonly columns: SelectedColumns;
  readonly codecs: ReadonlyMap<string, Codec>;
  readonly writer: RowWriter;
  /** Rows at its beginning that are passed over. */
  readonly skip: number;
}

/** Stops whenever a run is full; the next one has to be begun before it goes on. What is written last may be less than a run. */
async function* filledRuns({ file, group, columns, codecs, writer, skip }: GroupReading): AsyncGenerator<void, void> {
  const cursorOf = ({ leaf, definition, repetition }: Node): PageCursor => {
    const chunk = group.chunks[leaf!.index]!;
    const pages = new ColumnPages(
      file,
      { leaf: leaf!, chunk, levels: { definition, repetition } },
      codecs.get(chunk.codec)!,
    );
    return new PageCursor(pages, definition);
  };
  const cursors = columns.flat.map(({ node }) => cursorOf(node));
  const lists = columns.lists.map((list) => new ListRows(list, list.leaves.map(cursorOf)));
  for (const list of lists) {
    for (const cursor of list.cursors) await cursor.fillAll();
    list.skip(skip);
  }
  writer.open(cursors, lists, group.rows);
  for (let left = group.rows - skip, pass = skip; left > 0; pass = 0) {
    let rows = left;
    for (const cursor of cursors) {
      if ((cursor.left === 0 || pass > 0) && !(await cursor.fill(pass))) throw new Error('fewer values than rows');
      rows = Math.min(rows, cursor.left);
    }
    left -= writer.fill(rows);
    while (writer.isFull) {
      if (!writer.isEmpty) yield;
      else writer.begin();
      for (; writer.isInParts; ) {
        writer.part();
        yield;
      }
    }
  }
}

async function codecsOf(
  { groups }: Footer,
  { flat, lists }: SelectedColumns,
  name: string,
): Promise<Map<string, Codec>> {
  const leaves = [...flat.map(({ node }) => node), ...lists.flatMap((list) => list.leaves)].map(
    ({ leaf }): Leaf => leaf!,
  );
  const codecs = new Map<string, Codec>();
  for (const { chunks } of groups) {
    for (const { index, path } of leaves) {
      const { codec: called } = chunks[index]!;
      if (codecs.has(called)) continue;
      const codec = await codecOf(called);
      if (codec === null)
        throw new InputError(
          `reading ${name}: expected columns as snappy, zstd, gzip, brotli, lz4 or as they are, got ${path.join('.')} as ${called}; write it again with one of those`,
        );
      codecs.set(called, codec);
    }
  }
  return codecs;
}

function scanOf({ run, shapes }: RowFormatMemory): Parameters<typeof pointsOf>[0] {
  const { bytes, index, count, rejects, firstLine, line } = run;
  return {
    bytes,
    index,
    count,
    rejects,
    firstLine,
    deadLetterFormat,
    line,
    shape: (number): Shape => shapes.shape(number),
  };
}

function damaged(name: string, group: number, rows: GroupLayout, line: number, error: unknown): InputError {
  const got = error instanceof Error ? error.message : String(error);
  return new InputError(
    `reading ${name}: expected ${rows.rows} rows in row group ${group + 1}, got damage behind row ${line - 1} of the file (${got}); fetch or make the file again`,
    { cause: error },
  );
}
