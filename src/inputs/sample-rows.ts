// Samples lines of line protocol for planning, and estimates how many fields the tables have. An export may write one
// field per line. But in the target, a row has an entry for every field of its table.

import { parseShape, stringTotals } from '../core/points/line-protocol.js';
import {
  type ByteSource,
  LENGTH,
  POINT_WORDS,
  type Points,
  type SampledRows,
  START,
  type StringTotals,
} from '../core/types/index.js';

/**
 * A file is sampled at 16 equally spaced offsets. At each offset, 4096 bytes are read, and the first whole line of
 * these bytes is used.
 */
const places = 16;
const placeBytes = 4096;
/** Number of lines that `take` parses by default. */
const endLines = 8;
/** Largest number of points that are sampled from one run of points (`Points`). */
const runPoints = 8;
/** Largest number of distinct series that are stored. */
const maxSeries = 50_000;
/**
 * Number of points at the start of a run of points that are compared. Points with the same series and time form one
 * row.
 */
const adjacent = 64;

/** Matches a line of line protocol. The groups contain its series (table and tags) and its time. */
const seriesAndTime = /^((?:[^# \\\n]|\\.)(?:[^ \\\n]|\\.)*) .* (-?\d+)\r?$/gm;
/** Matches the series of a line: everything before the first unescaped space. */
const seriesOfLine = /^(?![#\s])(?:[^ \\\n]|\\.)+(?= )/gm;

interface TableSample {
  points: number;
  /** Number of lines with each field, by the name of the field. */
  readonly fields: Map<string, number>;
}

export class RowSampler {
  readonly #tables = new Map<string, TableSample>();
  readonly #series = new Set<string>();
  #bytes = 0;
  #values = 0;
  /**
   * `points`: number of adjacent points that were compared. `rows`: number of rows that these points form. Points with
   * the same series and time form one row.
   */
  readonly #adjacent = { points: 0, rows: 0 };
  #strings: StringTotals = { count: 0, bytes: 0 };
  /** Size of all parsed points as line protocol, bytes. */
  #text = 0;
  /** Size of the parsed points in the decoded inputs, bytes; null if the size is unknown for an input. */
  #decoded: number | null = 0;
  /** Times of the sampled points, in units of the input. */
  readonly times: bigint[] = [];

  /** Samples `lines` whole lines of a text, at equal distances. */
  take(text: Uint8Array, lines = endLines): void {
    for (let i = 0; i < lines; i += 1) {
      const from = i === 0 ? 0 : text.indexOf(0x0a, Math.floor((text.length * i) / lines)) + 1;
      const to = text.indexOf(0x0a, from);
      if (to < 0 || (i > 0 && from === 0)) return;
      this.#line(text.subarray(from, to));
    }
  }

  /** Collects the series in a text. The first or last line may be incomplete. */
  takeSeries(text: Uint8Array): void {
    this.#addSeries(latin1(text).match(seriesOfLine) ?? []);
  }

  /** Counts the rows that adjacent lines form. The first or last line may be incomplete. */
  takeAdjacent(text: Uint8Array): void {
    const lines = latin1(text).matchAll(seriesAndTime);
    this.#countRows([...lines].map(([, series, time]) => `${series} ${time}`));
  }

  /** Samples lines at equal distances in a file. Skips remote objects, because reading them is expensive. */
  async takeFile({ file }: ByteSource): Promise<void> {
    if (file === undefined || file.near !== undefined) return;
    for (let i = 1; i <= places; i += 1) {
      const at = Math.floor((file.size * i) / (places + 1));
      const text = await file.bytes(at, at + placeBytes);
      const line = text.subarray(text.indexOf(0x0a) + 1);
      this.take(line, 1);
      this.takeAdjacent(line.subarray(0, line.lastIndexOf(0x0a) + 1));
      this.takeSeries(line.subarray(0, line.indexOf(0x0a) + 1));
    }
  }

  /**
   * Samples parsed points at equal distances, and collects the series of all points.
   * @param timeOf returns the time of a point; null for a point without a time
   */
  takeRun(run: Points, timeOf: (i: number) => bigint | null): void {
    const step = Math.ceil(run.count / runPoints);
    const rows: string[] = [];
    for (let i = 0; i < run.count; i += 1) {
      const start = run.index[i * POINT_WORDS + START]!;
      const length = run.index[i * POINT_WORDS + LENGTH]!;
      const point = run.bytes.subarray(start, start + length);
      this.#text += length + 1;
      const series = latin1(point).match(seriesOfLine) ?? [];
      this.#addSeries(series);
      if (rows.length < adjacent) rows.push(`${series[0]} ${timeOf(i)}`);
      if (i % step > 0) continue;
      this.#line(point);
      const time = timeOf(i);
      if (time !== null) this.times.push(time);
    }
    this.#countRows(rows);
  }

  /** Adds the number of decoded bytes of an input from which points were parsed; null if this number is unknown. */
  decoded(bytes: number | null): void {
    this.#decoded = bytes === null || this.#decoded === null ? null : this.#decoded + bytes;
  }

  /** Bytes of line protocol for each byte of the decoded inputs; null if unknown. */
  get textShare(): number | null {
    return this.#decoded === null || this.#decoded === 0 ? null : this.#text / this.#decoded;
  }

  /** Result of the sampling; undefined without a readable line. */
  get result(): SampledRows | undefined {
    const tables = [...this.#tables.values()];
    if (tables.length === 0) return undefined;
    return {
      points: tables.reduce((sum, { points }) => sum + points, 0),
      slots: tables.reduce((sum, { points, fields }) => sum + points * richness([...fields.values()], points), 0),
      values: this.#values,
      rowsPerPoint: this.#adjacent.points === 0 ? 1 : this.#adjacent.rows / this.#adjacent.points,
      strings: this.#strings,
      bytes: this.#bytes,
      series: this.#series.size,
    };
  }

  #addSeries(found: readonly string[]): void {
    for (const series of found) if (this.#series.size < maxSeries) this.#series.add(series);
  }

  #countRows(rows: readonly string[]): void {
    this.#adjacent.points += rows.length;
    this.#adjacent.rows += new Set(rows).size;
  }

  #line(line: Uint8Array): void {
    if (line.length === 0 || line[0] === 0x23) return;
    try {
      const { table, columns } = parseShape(line);
      const sample = this.#tables.get(table) ?? { points: 0, fields: new Map<string, number>() };
      this.#tables.set(table, sample);
      sample.points += 1;
      for (const { name, type } of columns)
        if (type !== 'tag') {
          sample.fields.set(name, (sample.fields.get(name) ?? 0) + 1);
          this.#values += 1;
        }
      this.#bytes += line.length + 1;
      const { count, bytes } = stringTotals(line);
      this.#strings = { count: this.#strings.count + count, bytes: this.#strings.bytes + bytes };
    } catch {
      // Ignores an unreadable line. The load reports such a line later.
    }
  }
}

/**
 * Estimates how many fields a table has, including fields that no sample contains (Chao 1987). If many fields occur in
 * only one sample, many other fields probably occur in no sample. For a single sample, returns its number of fields.
 * @param seen number of samples with each field
 */
function richness(seen: readonly number[], samples: number): number {
  const [once, twice] = [1, 2].map((times) => seen.filter((each) => each === times).length);
  return seen.length + (((samples - 1) / samples) * once! * (once! - 1)) / (2 * (twice! + 1));
}

function latin1(text: Uint8Array): string {
  return Buffer.from(text.buffer, text.byteOffset, text.length).toString('latin1');
}
