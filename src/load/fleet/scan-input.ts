// Parses one input before a fleet loads it. Finds the positions at which the input can be cut, the number of its
// points, and the columns that the target lacks.

import { type Bounds, refusal } from '../../batching/points/point-bounds.js';
import { LF } from '../../core/ascii.js';
import { InputError } from '../../core/errors.js';
import type {
  Input,
  MemoryBudget,
  PlainRows,
  Points,
  Position,
  RowGroup,
  Shape,
  ShapeMatch,
} from '../../core/types/index.js';
import { INPUT_START, isCounted, LENGTH, POINT_WORDS, SHAPE, START, UNCOUNTED_SHAPE } from '../../core/types/index.js';
import { contentHash } from '../../fleet/content-hash.js';
import type { PlannedInput, PlannedPiece } from '../../fleet/plan-file.js';
import type { FormatSet } from '../../formats/format-set.js';
import { PieceCutter } from '../../formats/pieces/piece-cutter.js';
import { passPlainRows } from '../../formats/pieces/plain-rows.js';
import { headBytes } from '../stages/input-head.js';
import { nothingParsed } from '../stages/nothing-parsed.js';

export interface ScanContext {
  readonly formats: FormatSet;
  readonly budget: MemoryBudget;
  /**
   * `auto`: parses every text input up to the row after which no row can introduce a column, or to its end. Other
   * values: parses only the first megabyte of each input.
   */
  readonly split: 'auto' | 'lines' | 'off';
  /** Smallest size of a piece, decoded bytes. */
  readonly pieceBytes: number;
  readonly bounds: Bounds;
  /** Compares a table and its columns with the columns of the target and of the earlier points. */
  readonly match: (shape: Shape) => ShapeMatch;
  /**
   * Receives each table with columns that the target lacks, and the first point with these columns as line protocol.
   * The point is null if only the schema of the input contains the columns. The callback must record the columns, so
   * that `match` includes them from then on.
   */
  readonly introduces: (shape: Shape, point: Uint8Array | null) => void;
  /** Receives an input, and the number of its decoded bytes that are parsed so far. */
  readonly parsed: (input: Input, bytes: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Returns the plan of an input: its pieces and its error. If the input cannot be read to its end, the last piece
 * extends to the end, so that the shard with this piece reports the failure. Throws UsageError if the input contradicts
 * the options, and the signal's reason on abort.
 */
export async function scanInput(input: Input, context: ScanContext): Promise<PlannedInput> {
  try {
    return await scan(input, context);
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof InputError)) throw error;
    return { ...unreadInput(input), pieces: [{ from: INPUT_START, to: null, bytes: input.size ?? 0, points: null }] };
  }
}

/** Builds the plan of an input. The plan contains no pieces yet. */
export function unreadInput({ name, path, size, folderColumns = [] }: Input): PlannedInput {
  return { name, path: path!, folders: [...folderColumns], size: size ?? 0, hash: null, error: null, pieces: [] };
}

async function scan(input: Input, context: ScanContext): Promise<PlannedInput> {
  const { formats, budget, split, pieceBytes, introduces, match, parsed, signal } = context;
  const { name } = input;
  const source = await input.open(signal, budget);
  try {
    const size = source.file?.size ?? input.size ?? 0;
    const hash = await contentHash(source);
    const { format, source: chosen } = await formats.choose(input, source, signal);
    const rows = format.reads?.(chosen, name) ?? chosen;
    const outline = (await format.outline?.(rows, name)) ?? null;
    const isCut = outline === null && rows.compression === 'none' && rows.seek !== undefined;
    const cutter = new PieceCutter(isCut && split === 'auto' ? pieceBytes : Number.POSITIVE_INFINITY);
    const counts = new PointCounts(context);
    let end: ScanEnd = 'whole';
    const onlyHead = outline !== null || split !== 'auto';
    /**
     * Parses from `start` on. Returns the position after which rows introduce no columns and need not be parsed.
     * Returns null if parsing ended without such a position.
     */
    const parse = async (
      start: Position,
      mayPass: boolean,
    ): Promise<(PlainRows & { readonly at: Position }) | null> => {
      for await (const run of format.points(rows, signal, start)) {
        cutter.take(run);
        counts.take(run);
        parsed(input, run.end);
        if (run.end < headBytes) continue;
        if (onlyHead) end = 'head';
        const plain = mayPass && isCut && !onlyHead ? (format.plainRows?.() ?? null) : null;
        const at = { byteOffset: run.end, line: run.endLine, ordinal: cutter.points, digits: 0 };
        if (plain !== null && counts.haveColumns(plain)) return { ...plain, at };
        if (onlyHead) break;
      }
      return null;
    };
    try {
      const plain = await parse(INPUT_START, true);
      if (plain !== null) {
        rows.seek!(plain.at.byteOffset);
        const rest = await passPlainRows(rows, plain.at, plain, cutter, (at) => parsed(input, at), signal);
        if (rest !== null) {
          rows.seek!(rest.byteOffset);
          await parse(rest, false);
        }
      }
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      end = 'failed';
    }
    if (outline?.shape && match(outline.shape).kind === 'introduces') introduces(outline.shape, null);
    const places = isCut && split === 'lines' ? await linePlaces(input, context) : cutter.places;
    const pieces =
      outline === null || split === 'off'
        ? cutPieces(places, size, split === 'lines' || end !== 'whole' ? null : cutter.points)
        : joinGroups(outline.groups, pieceBytes, size);
    const error = end === 'whole' ? counts.problem(name, format.name) : null;
    return { ...unreadInput(input), size, hash, error, pieces };
  } finally {
    await source.close();
  }
}

/** Reason why parsing ended: the end of the input, the end of its first megabyte, or an error. */
type ScanEnd = 'whole' | 'head' | 'failed';

/**
 * Builds a piece from each position to the next position.
 * @param points number of points of the input; null if they were not counted
 */
function cutPieces(places: readonly Position[], size: number, points: number | null): PlannedPiece[] {
  return places.map((from, i) => {
    const to = places[i + 1] ?? null;
    const isKnown = to === null ? points !== null : to.ordinal > from.ordinal;
    const counted = isKnown ? (to?.ordinal ?? points!) - from.ordinal : null;
    return { from, to, bytes: Math.max(0, (to?.byteOffset ?? size) - from.byteOffset), points: counted };
  });
}

/**
 * Finds the line starts at which to cut. Each is the first line start at least `pieceBytes` bytes after the previous
 * one. Counts lines, but does not parse them.
 */
async function linePlaces(input: Input, { pieceBytes, budget, signal }: ScanContext): Promise<Position[]> {
  const places = [INPUT_START];
  const source = await input.open(signal, budget);
  const chunk = new Uint8Array(headBytes);
  try {
    let [at, line, next] = [0, 1, pieceBytes];
    for (let read = await source.read(chunk, signal); read > 0; read = await source.read(chunk, signal)) {
      for (let lf = chunk.indexOf(LF); lf >= 0 && lf < read; lf = chunk.indexOf(LF, lf + 1)) {
        line += 1;
        const byteOffset = at + lf + 1;
        if (byteOffset < next || byteOffset >= (source.file?.size ?? 0)) continue;
        places.push({ byteOffset, line, ordinal: 0, digits: 0 });
        next = byteOffset + pieceBytes;
      }
      at += read;
    }
    return places;
  } finally {
    await source.close();
  }
}

/**
 * Joins neighbouring row groups of a Parquet file into pieces of at least `pieceBytes`. A position in such a file
 * counts rows only, so its byte offset is 0.
 */
function joinGroups(groups: readonly RowGroup[], pieceBytes: number, size: number): PlannedPiece[] {
  const place = (row: number): Position => ({ byteOffset: 0, line: row + 1, ordinal: 0, digits: 0 });
  const pieces: { from: Position; to: Position | null; bytes: number; points: number }[] = [];
  for (const { first, rows, bytes } of groups) {
    const last = pieces.at(-1);
    if (last !== undefined && last.bytes < pieceBytes) {
      last.bytes += bytes;
      last.points += rows;
      continue;
    }
    if (last !== undefined) last.to = place(first);
    pieces.push({ from: place(first), to: null, bytes, points: rows });
  }
  return pieces.length > 0 ? pieces : [{ from: place(0), to: null, bytes: size, points: 0 }];
}

/** Counts points and rejects of one input, and finds the points that introduce columns. */
class PointCounts {
  readonly #context: ScanContext;
  /** Numbers of the `Shape`s (table with columns) that were already compared with the target. */
  readonly #settled = new Set<number>();
  readonly #rejects = new Map<string, number>();
  /** Table and name of each column of the points so far, as JSON. */
  readonly #columns = new Set<string>();
  #points = 0;

  constructor(context: ScanContext) {
    this.#context = context;
  }

  take(run: Points): void {
    for (const reject of run.rejects) {
      if (isCounted(reject)) this.#rejects.set(reject.reason, (this.#rejects.get(reject.reason) ?? 0) + 1);
    }
    this.#points += run.count;
    for (let i = 0; i < run.count; i += 1) {
      const number = run.index[i * POINT_WORDS + SHAPE]! & UNCOUNTED_SHAPE;
      if (number === UNCOUNTED_SHAPE || !this.#settled.has(number)) this.#shape(run, i, number);
    }
  }

  /** Returns the message of `nothingParsed` for an input without a valid point; otherwise null. */
  problem(name: string, format: string): string | null {
    return this.#points > 0 ? null : (nothingParsed(name, format, this.#rejects)?.message ?? null);
  }

  /**
   * Tests whether the points so far had all these columns. If so, further rows with these columns introduce no column.
   */
  haveColumns({ table, columns }: PlainRows): boolean {
    return columns.every((name) => this.#columns.has(JSON.stringify([table, name])));
  }

  #shape(run: Points, i: number, number: number): void {
    const { bounds, match, introduces } = this.#context;
    // A point outside the bounds, for example with a time that is too old, is rejected. So it introduces no column.
    if (refusal(run, i, bounds) !== null) return;
    const shape = number === UNCOUNTED_SHAPE ? run.shapeOf(i) : run.shape(number);
    for (const { name } of shape.columns) this.#columns.add(JSON.stringify([shape.table, name]));
    if (match(shape).kind === 'introduces') {
      const start = run.index[i * POINT_WORDS + START]!;
      introduces(shape, run.bytes.slice(start, start + run.index[i * POINT_WORDS + LENGTH]!));
    }
    if (number !== UNCOUNTED_SHAPE) this.#settled.add(number);
  }
}
