// Samples the rows of line protocol for planning: how many fields the tables have to which the lines belong. A row of the
// target has a slot for each of them, and an export may write one field a line.

import { parseShape, stringTotals } from '../core/points/line-protocol.js';
import type { ByteSource, SampledRows, StringTotals } from '../core/types/index.js';

/** Places between both ends of a file, and bytes of each. A place counts with its first whole line. */
const places = 16;
const placeBytes = 4096;
/** Lines parsed of each end of a file. */
const endLines = 8;

/** The beginning of a line up to the first space that no backslash escapes. */
const seriesOfLine = /^(?![#\s])(?:[^ \\\n]|\\.)+(?= )/gm;

interface TableSample {
  points: number;
  /** Lines with each field. */
  readonly fields: Map<string, number>;
}

export class RowSampler {
  readonly #tables = new Map<string, TableSample>();
  readonly #series = new Set<string>();
  #bytes = 0;
  #strings: StringTotals = { count: 0, bytes: 0 };

  /** Takes whole lines of text, at equal distances. */
  take(text: Uint8Array, lines = endLines): void {
    for (let i = 0; i < lines; i += 1) {
      const from = i === 0 ? 0 : text.indexOf(0x0a, Math.floor((text.length * i) / lines)) + 1;
      const to = text.indexOf(0x0a, from);
      if (to < 0 || (i > 0 && from === 0)) return;
      this.#line(text.subarray(from, to));
    }
  }

  /** Collects the series. A full sample may cut its first or its last line. */
  takeSeries(text: Uint8Array): void {
    for (const [series] of Buffer.from(text.buffer, text.byteOffset, text.length)
      .toString('latin1')
      .matchAll(seriesOfLine))
      this.#series.add(series);
  }

  /** Takes lines of a file at equal distances. Sources where reads are expensive are left out. */
  async takeFile({ file }: ByteSource): Promise<void> {
    if (file === undefined || file.near !== undefined) return;
    for (let i = 1; i <= places; i += 1) {
      const at = Math.floor((file.size * i) / (places + 1));
      const text = await file.bytes(at, at + placeBytes);
      const line = text.subarray(text.indexOf(0x0a) + 1);
      this.take(line, 1);
      this.takeSeries(line.subarray(0, line.indexOf(0x0a) + 1));
    }
  }

  /** Undefined without a readable line. */
  get result(): SampledRows | undefined {
    const tables = [...this.#tables.values()];
    if (tables.length === 0) return undefined;
    return {
      points: tables.reduce((sum, { points }) => sum + points, 0),
      slots: tables.reduce((sum, { points, fields }) => sum + points * richness([...fields.values()], points), 0),
      strings: this.#strings,
      bytes: this.#bytes,
      series: this.#series.size,
    };
  }

  #line(line: Uint8Array): void {
    if (line.length === 0 || line[0] === 0x23) return;
    try {
      const { table, columns } = parseShape(line);
      const sample = this.#tables.get(table) ?? { points: 0, fields: new Map<string, number>() };
      this.#tables.set(table, sample);
      sample.points += 1;
      for (const { name, type } of columns)
        if (type !== 'tag') sample.fields.set(name, (sample.fields.get(name) ?? 0) + 1);
      this.#bytes += line.length + 1;
      const { count, bytes } = stringTotals(line);
      this.#strings = { count: this.#strings.count + count, bytes: this.#strings.bytes + bytes };
    } catch {
      // Reading reports an unreadable line.
    }
  }
}

/**
 * Estimates how many kinds exist from the number of samples with each (Chao 1987): many in one sample mean many not seen. One
 * sample alone gives no estimate of others.
 */
function richness(seen: readonly number[], samples: number): number {
  const [once, twice] = [1, 2].map((times) => seen.filter((each) => each === times).length);
  return seen.length + (((samples - 1) / samples) * once! * (once! - 1)) / (2 * (twice! + 1));
}
