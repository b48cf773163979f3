// Reads a Parquet file one row group at a time, and each column one page at a time. Yields runs of points (`Points`).

import { BulkLoadError, InputError } from '../../core/errors.js';
import type { FileBytes, MemoryBudget, Points, Position, Shape } from '../../core/types/index.js';
import { countUsedBuffer } from '../../core/v8.js';
import { pointsOf } from '../line-protocol/double-buffer.js';
import type { FieldTypeName, MappingOptions } from '../rows/mapping/mapping.js';
import type { RowFormatMemory } from '../rows/rows.js';
import { assertFits, PageMeter } from './memory-estimate.js';
import { assertReadable, type Chunk, type Footer, type GroupLayout, readFooter } from './metadata/footer.js';
import type { Node } from './metadata/parquet-schema.js';
import { columnsOf, type SelectedColumns, selectedLeaves } from './metadata/selected-columns.js';
import { type Codec, codecOf } from './pages/codecs.js';
import { ColumnPages } from './pages/column-pages.js';
import { type IndexAllocator, reuseIndexes } from './pages/data-page.js';
import { PageCursor } from './pages/page-cursor.js';
import type { PageRange } from './pages/page-headers.js';
import { ReadProgress } from './read-progress.js';
import { ListRows } from './rows/list-rows.js';
import { RowWriter } from './rows/row-writer.js';

/** By field name: the type of each field whose type no option declares. `input`: the file that determined the type. */
export type FileFieldTypes = Map<string, { readonly type: FieldTypeName; readonly input: string }>;

export interface ParquetInput {
  readonly file: FileBytes;
  readonly name: string;
  readonly budget: MemoryBudget;
  readonly types: FileFieldTypes;
}

/** Yields the points of a file, as `Format.points` specifies. */
export async function* parquetPoints(
  input: ParquetInput,
  rows: RowFormatMemory,
  signal: AbortSignal,
  start: Position,
): AsyncGenerator<Points, void> {
  const { file, name, budget } = input;
  const progress = new ReadProgress(name, signal);
  const { footer, columns, codecs } = await openParquet(input, rows.options, progress);
  const allocators = columns.flat.map(reuseIndexes);
  rows.cells.reserve(columns.count);
  rows.cells.clear(rows.cells.kinds.length);
  rows.encoder.begin(columns.mapping);
  const writer = new RowWriter(rows, columns, start);
  const run = (): Points => pointsOf(scanOf(rows), writer.origin, writer.end);
  for (const [i, group] of footer.groups.entries()) {
    const skip = Math.max(0, start.line - 1 - group.first);
    if (skip >= group.rows) continue;
    let failure: unknown = null;
    try {
      const meter = new PageMeter(name, footer, i, budget);
      for await (const _ of fullRuns({ file, group, columns, codecs, allocators, writer, skip, meter, progress })) {
        yield run();
        signal.throwIfAborted();
        progress.advance();
        writer.begin();
      }
    } catch (error) {
      signal.throwIfAborted();
      failure = error;
    }
    // The pages of the row group are garbage now. Counting their bytes makes the garbage collector run in time.
    countUsedBuffer(selectedLeaves(columns).reduce((sum, { index }) => sum + pageBytes(group.chunks[index]!), 0));
    if (failure === null) continue;
    if (!writer.isEmpty) yield run();
    throw failure instanceof BulkLoadError ? failure : damagedGroup(name, i, group, rows.run.line, failure);
  }
  if (!writer.isEmpty) yield run();
}

/**
 * Opens a file: reads and checks the footer, selects columns, checks memory and loads codecs. Throws InputError for an
 * unsuitable file, and UsageError if the options contradict the file.
 */
export async function openParquet(
  { file, name, budget, types }: ParquetInput,
  options: MappingOptions,
  progress: ReadProgress,
): Promise<{ footer: Footer; columns: SelectedColumns; codecs: ReadonlyMap<string, Codec> }> {
  const footer = await readFooter(file, name, budget.bytes);
  const columns = columnsOf(footer.root, options);
  assertSameTypes(columns, options, types, name);
  assertReadable(footer, selectedLeaves(columns), name);
  await assertFits(file, footer, columns, budget, name, progress);
  return { footer, columns, codecs: await codecsOf(footer, columns, name) };
}

/** Throws InputError if a field without a declared type has another type than in an earlier file of the load. */
function assertSameTypes(
  { mapping }: SelectedColumns,
  { fields }: MappingOptions,
  types: FileFieldTypes,
  name: string,
): void {
  // If a column contains the table name, fields with one name may belong to different tables and have different types.
  if (mapping.table === null) return;
  for (const { name: field, declared: type } of mapping.fields) {
    if (type === null || fields?.some((each) => each.as === field && each.type !== null)) continue;
    const known = types.get(field);
    if (known === undefined) types.set(field, { type, input: name });
    else if (known.type !== type)
      throw new InputError({
        tried: `reading ${name}`,
        expected: `column ${field} as ${known.type}, as in ${known.input}`,
        found: type,
        fix: `declare one type for all files, such as --fields ${field}:${widerType(known.type, type)}`,
      });
  }
}

/** Returns a type that can represent the values of both types: a number type for two number types, otherwise string. */
function widerType(a: FieldTypeName, b: FieldTypeName): FieldTypeName {
  const numbers: readonly FieldTypeName[] = ['float', 'integer', 'unsigned'];
  if (!numbers.includes(a) || !numbers.includes(b)) return 'string';
  return a === 'float' || b === 'float' ? 'float' : 'integer';
}

interface GroupReading {
  readonly file: FileBytes;
  readonly group: GroupLayout;
  readonly columns: SelectedColumns;
  readonly codecs: ReadonlyMap<string, Codec>;
  /** Allocators of dictionary indexes, one for each column that is not in a list. */
  readonly allocators: readonly IndexAllocator[];
  readonly writer: RowWriter;
  /** Number of rows to skip at the start of the row group. */
  readonly skip: number;
  readonly meter: PageMeter;
  readonly progress: ReadProgress;
}

/**
 * Writes the rows of one row group. Yields whenever the run of points (`Points`) is full. The caller must then use
 * these points and call `writer.begin`. After the last row, the writer may still contain points.
 */
async function* fullRuns(reading: GroupReading): AsyncGenerator<void, void> {
  const { file, group, columns, codecs, allocators, writer, skip, meter, progress } = reading;
  // All pages of a column in a list remain in memory, so each page needs its own memory for indexes.
  const cursorOf = ({ leaf, definition, repetition }: Node, allocator: IndexAllocator | null): PageCursor => {
    const chunk = group.chunks[leaf!.index]!;
    const measure = meter.column(leaf!, chunk.codec, allocator === null);
    const gate = async (page: PageRange): Promise<void> => {
      await progress.check();
      measure(page);
    };
    const decoder = {
      leaf: leaf!,
      levels: { definition, repetition },
      codec: codecs.get(chunk.codec)!,
      allocateIndexes: allocator ?? ((length: number) => new Int32Array(length)),
    };
    return new PageCursor(new ColumnPages(file, chunk, decoder, gate), definition);
  };
  const cursors = columns.flat.map(({ node }, i) => cursorOf(node, allocators[i]!));
  const lists = columns.lists.map(
    (list) =>
      new ListRows(
        list,
        list.leaves.map((leaf) => cursorOf(leaf, null)),
      ),
  );
  for (const list of lists) {
    for (const cursor of list.cursors) await cursor.fillAll();
    list.skip(skip);
  }
  writer.open(cursors, lists, group.rows);
  for (let left = group.rows - skip, toSkip = skip; left > 0; toSkip = 0) {
    let rows = left;
    for (const cursor of cursors) {
      if ((cursor.left === 0 || toSkip > 0) && !(await cursor.fill(toSkip))) throw new Error('fewer values than rows');
      rows = Math.min(rows, cursor.left);
    }
    await progress.check();
    left -= writer.fill(rows);
    while (writer.isFull) {
      if (!writer.isEmpty) yield;
      else writer.begin();
      while (writer.isInParts) {
        writer.part();
        yield;
      }
    }
  }
}

async function codecsOf({ groups }: Footer, columns: SelectedColumns, name: string): Promise<Map<string, Codec>> {
  const leaves = selectedLeaves(columns);
  const codecs = new Map<string, Codec>();
  for (const { chunks } of groups) {
    for (const { index, path } of chunks.length === 0 ? [] : leaves) {
      const codecName = chunks[index]!.codec;
      if (codecs.has(codecName)) continue;
      const codec = await codecOf(codecName);
      if (codec === null)
        throw new InputError({
          tried: `reading ${name}`,
          expected: 'columns compressed with snappy, zstd, gzip, brotli or lz4, or not compressed',
          found: `column ${path.join('.')} compressed with ${codecName}`,
          fix: 'write the file again with one of these codecs',
        });
      codecs.set(codecName, codec);
    }
  }
  return codecs;
}

/** Returns the size of a column chunk's pages in the file plus their size after decompression, bytes. */
function pageBytes({ from, to, bytes }: Chunk): number {
  return to - from + bytes;
}

function scanOf({ run, shapes, objectLetters: deadLetterFormat }: RowFormatMemory): Parameters<typeof pointsOf>[0] {
  const { bytes, index, count, rejects, firstLine, line } = run;
  const shape = (number: number): Shape => shapes.shape(number);
  return { bytes, index, count, rejects, firstLine, deadLetterFormat, line, shape };
}

function damagedGroup(name: string, i: number, group: GroupLayout, line: number, cause: unknown): InputError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new InputError(
    {
      tried: `reading ${name}`,
      expected: `${group.rows} rows in row group ${i + 1}`,
      found: `damage after row ${line - 1} of the file (${reason})`,
      fix: 'fetch or create the file again',
    },
    { cause },
  );
}
