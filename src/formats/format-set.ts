// The formats of one load. The first input in a format creates the parser, which also reads all later inputs in this
// format.

import { UsageError } from '../core/errors.js';
import { peekSource } from '../core/io/byte-source.js';
import { folderPath } from '../core/points/hive-folders.js';
import type { Problem } from '../core/problem.js';
import { someOf } from '../core/text.js';
import type { ByteSource, Format, Input, MemoryBudget } from '../core/types/index.js';
import { memoryOf } from '../core/wasm.js';
import { detect, headBytes } from './detect.js';
import { type LinesMemoryOptions, linesMemoryBytes, type ReadMode } from './line-protocol/lines-layout.js';
import { parquetThreadBytes } from './parquet/worker/run-areas.js';
import { type FormatName, formatNamed, formats } from './registry.js';
import { FieldColumns } from './rows/mapping/field-columns.js';
import type { RowFormatMemory } from './rows/rows.js';
import { type RowMemoryOptions, rowLayout } from './rows/rows-layout.js';
import type { KnownFieldTypes } from './rows/values/field-types.js';
import { narrowRowWindowBytes, rowThreadsBytes, rowWindowBytes } from './rows/worker/row-worker-messages.js';
import type { FormatOptions } from './types.js';

export type { ReadMode } from './line-protocol/lines-layout.js';
export { chunkBytes } from './line-protocol/lines-layout.js';

/**
 * Largest number of inputs to open for detecting their formats: half of them are the first inputs, half the last
 * inputs.
 */
const maxDetected = 64;

/** Returns how many bytes of memory these formats allocate. */
export function formatMemoryBytes(
  options: LinesMemoryOptions & RowMemoryOptions,
  names: readonly FormatName[],
  mode: ReadMode,
): number {
  const used = [...new Set(names)].map(formatNamed);
  const has = (pool: string): boolean => used.some(({ memoryPool }) => memoryPool === pool);
  const parquet = mode.parquetThread === true ? parquetThreadBytes(options) : 0;
  const rows = rowLayout(options).bytes + rowThreadsBytes(mode.rowThreads ?? 0, windowBytes(mode)) + parquet;
  const pools = (has('lines') ? linesMemoryBytes(options, mode) : 0) + (has('rows') ? rows : 0);
  return used.reduce((sum, { ownBytes = 0 }) => sum + ownBytes, pools);
}

/** Returns the size in bytes of the input buffer of each thread that parses rows. */
function windowBytes({ wideChunks }: ReadMode): number {
  return wideChunks ? rowWindowBytes : narrowRowWindowBytes;
}

/**
 * Returns true if all formats contain rows of text, such as CSV or JSON. Only threads for such rows work with small
 * buffers.
 */
export function hasNarrowThreads(names: readonly FormatName[]): boolean {
  return names.every((name) => hasRowThreads([name]));
}

/**
 * Returns how many of `threads` worker threads these formats use: all threads for rows of text, otherwise at most one.
 */
export function usableThreads(names: readonly FormatName[], threads: number): number {
  return hasRowThreads(names) ? threads : Math.min(threads, 1);
}

/**
 * Returns which threads parse these formats. `threads` threads parse rows of text. Line protocol and Parquet have one
 * thread each.
 */
export function readMode(names: readonly FormatName[], wideChunks: boolean, threads: number): ReadMode {
  return {
    wideChunks,
    workerThread: threads > 0 && names.includes('lp'),
    rowThreads: hasRowThreads(names) ? threads : 0,
    parquetThread: threads > 0 && names.includes('parquet'),
  };
}

function hasRowThreads(names: readonly FormatName[]): boolean {
  return names.some((name) => name !== 'lp' && name !== 'parquet');
}

/**
 * Returns the formats that occur among the inputs; line protocol for a load without inputs. Throws UsageError for a bad
 * time format, MemoryLimitError if the address space is too small for WebAssembly, and the signal's abort reason.
 */
export async function formatsOf(
  options: FormatOptions,
  inputs: readonly Input[],
  signal: AbortSignal,
): Promise<FormatName[]> {
  // Parsers, the zstd decoder and the HTTP client need WebAssembly. If WebAssembly is unavailable, this call fails
  // first, with an error that names the cause. The errors of the zstd decoder and the HTTP client would not name it.
  memoryOf(65_536);
  if (options.timeFormat !== 'auto') {
    const { TimeCell } = await import('./timestamps/time-cell.js');
    new TimeCell(new Uint8Array(0), options);
  }
  const chosen = chosenFormat(options);
  if (chosen !== null) return [chosen];
  const found = new Set<FormatName>();
  for (const [i, input] of inputs.entries()) {
    signal.throwIfAborted();
    const isDetected = i < maxDetected / 2 || i >= inputs.length - maxDetected / 2;
    // An input without a size is a pipe, which cannot be read twice.
    const head = isDetected && input.size !== null ? await headOf(input, signal).catch(() => null) : null;
    found.add(detect(head ?? new Uint8Array(0), input.name));
  }
  signal.throwIfAborted();
  return found.size > 0 ? [...found] : ['lp'];
}

/** Returns a warning if mapping options are set, but all inputs are line protocol and ignore them; otherwise null. */
export function unusedMapping(options: FormatOptions, names: readonly string[]): string | null {
  const { measurement, tags, fields, timeColumn } = options;
  const given = Object.entries({
    '--measurement': measurement !== null,
    '--tags': tags !== null && tags.length > 0,
    '--fields': fields !== null && fields.length > 0,
    '--time-column': timeColumn !== null,
  }).flatMap(([flag, isGiven]) => (isGiven ? [flag] : []));
  if (given.length === 0 || names.length === 0 || names.some((name) => name !== 'lp')) return null;
  return `${given.join(', ')} ${given.length === 1 ? 'has' : 'have'} no effect: the inputs are line protocol; for other inputs, name the format with --format`;
}

/** Returns the format that the options name or imply; null if the format must be detected for each input. */
function chosenFormat(options: FormatOptions): FormatName | null {
  if (options.format !== 'auto') return options.format as FormatName;
  return formats.find((each) => 'isImplied' in each && each.isImplied(options))?.name ?? null;
}

function hasLine(head: Uint8Array): boolean {
  return head.includes(0x0a);
}

async function headOf(input: Input, signal: AbortSignal): Promise<Uint8Array> {
  const source = await input.open(signal);
  try {
    return (await peekSource(source, new Uint8Array(headBytes), hasLine, signal)).head;
  } finally {
    await source.close();
  }
}

export class FormatSet {
  readonly #options: FormatOptions;
  readonly #budget: MemoryBudget | undefined;
  readonly #mode: ReadMode;
  readonly #scratch = new Uint8Array(headBytes);
  readonly #created = new Map<FormatName, Promise<Format>>();
  readonly #fieldColumns: FieldColumns | null;
  /** Name and folders of the first line protocol input in folders such as `host=a`; null before such an input. */
  #unusedFolder: string | null = null;
  #rows: Promise<RowFormatMemory> | null = null;

  /**
   * @param budget limits the memory of formats with random access, such as Parquet; undefined without a limit
   * @param inputs number of inputs
   */
  constructor(
    options: FormatOptions,
    budget?: MemoryBudget,
    mode: ReadMode = { wideChunks: false, workerThread: false },
    inputs = 1,
  ) {
    this.#fieldColumns = inputs > 1 ? new FieldColumns() : null;
    this.#options = this.#fieldColumns === null ? options : { ...options, fieldColumns: this.#fieldColumns };
    this.#budget = budget;
    this.#mode = mode;
    // Creates the format early, so that its worker thread starts while the load connects to the target.
    if (mode.workerThread) this.#format('lp').catch(() => {});
  }

  /** Closes all formats. The caller must not request points afterwards. */
  async close(): Promise<void> {
    for (const created of this.#created.values()) {
      const format = await created.catch(() => null);
      await format?.close?.();
    }
    await (await this.#rows)?.close();
  }

  /**
   * Chooses the format of an input. Returns this format, and a source that yields all bytes of the input, including the
   * bytes that detection has read. Throws UsageError for line protocol with --add-tag.
   * @param source at the input's first byte
   */
  async choose(
    input: Pick<Input, 'name' | 'folderColumns'>,
    source: ByteSource,
    signal: AbortSignal,
  ): Promise<{ readonly format: Format; readonly source: ByteSource }> {
    const chosen = chosenFormat(this.#options);
    if (chosen !== null) return { format: await this.#prepared(chosen, input), source };
    const { head, source: replayed } = await peekSource(source, this.#scratch, hasLine, signal);
    const detected = detect(head, input.name);
    const format = await this.#prepared(detected, input);
    return { format, source: formatNamed(detected).randomAccess ? source : replayed };
  }

  /** A warning about line protocol in folders such as `host=a`; null without such an input. */
  get unusedFolders(): string | null {
    if (this.#unusedFolder === null) return null;
    return `the folders of ${this.#unusedFolder} do not become tags, because line protocol has its own tags; points that differ only in their folder overwrite each other`;
  }

  /** Describes the columns of --fields that no input has; null when every column exists. */
  get unknownFields(): Problem | null {
    const unknown = this.#fieldColumns?.unknown ?? [];
    if (unknown.length === 0) return null;
    return {
      tried: 'mapping the columns',
      expected: 'every column of --fields in at least one input',
      found: `no input with ${someOf(unknown.map((name) => JSON.stringify(name)))}`,
      fix: 'check the names in --fields',
    };
  }

  /** Passes the folder columns of the input, such as `host=a`, to the format. Returns the format. */
  async #prepared(
    format: FormatName,
    { name, folderColumns = [] }: Pick<Input, 'name' | 'folderColumns'>,
  ): Promise<Format> {
    const { hivePartitioning, addedTags } = this.#options;
    const columns = hivePartitioning === 'off' ? [] : folderColumns;
    if (formatNamed(format).memoryPool === 'rows') (await this.#rowMemory()).useFolders(columns);
    else if (addedTags != null)
      throw new UsageError([
        {
          tried: `reading ${name}`,
          expected: 'an input in CSV, TSV, NDJSON, JSON or Parquet; --add-tag does not apply to line protocol',
          found: 'line protocol, which has its own tags',
          fix: 'leave out --add-tag; if the input has another format, name this format with --format',
        },
      ]);
    else if (columns.length > 0) this.#unusedFolder ??= `${name} (${folderPath(columns)})`;
    return await this.#format(format);
  }

  /** Returns the field types that are known from the rows read so far. */
  async fieldTypes(): Promise<KnownFieldTypes> {
    return (await this.#rows)?.fieldTypes.all ?? {};
  }

  #format(name: FormatName): Promise<Format> {
    const known = this.#created.get(name);
    if (known !== undefined) return known;
    const created = formatNamed(name).create({
      options: this.#options,
      mode: this.#mode,
      budget: this.#budget,
      rows: () => this.#rowMemory(),
    });
    this.#created.set(name, created);
    return created;
  }

  #rowMemory(): Promise<RowFormatMemory> {
    const threads = { threads: this.#mode.rowThreads ?? 0, threadWindowBytes: windowBytes(this.#mode) };
    const options = { ...this.#options, ...threads };
    this.#rows ??= import('./rows/rows.js').then(({ RowFormatMemory: Memory }) => new Memory(options));
    return this.#rows;
  }
}
