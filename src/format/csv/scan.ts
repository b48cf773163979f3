// From the bytes of a window to rows, and what comes before them: lines to pass over, the header that says what the cells
// mean. All that comes before the first row is kept, for files of rejected rows begin with it.

import type { Letterhead, Place } from '../../model.js';
import type { Mapping } from '../rows/mapping.js';
import type { Rows } from '../rows/rows.js';
import { RowScan } from '../rows/scan.js';
import type { Stop } from '../windows.js';
import type { Dialect, DialectOptions } from './dialect.js';
import { headerNames, mapped, numberedNames, tooLongHeader } from './header.js';
import { BAD_QUOTE, INCOMPLETE, RowReader } from './row.js';

const LF = 0x0a;
const CR = 0x0d;

export class CsvScan extends RowScan {
  letterhead: Letterhead;
  readonly #reader: RowReader;
  readonly #options: DialectOptions;
  readonly #ending: string;
  #mapping: Mapping | null = null;
  #columns = 0;
  /** Lines still to be passed over. */
  #skip = 0;
  /** What was read of the input before its first row. */
  #head: Uint8Array[] = [];
  /** Length of the time of the row before, where it is the last cell; 0 where there is none. */
  #timeLength = 0;

  constructor(rows: Rows, options: DialectOptions, dialect: Dialect, ending: string) {
    super(rows);
    this.#options = options;
    this.#ending = ending;
    this.letterhead = { ending, head: new Uint8Array(0) };
    this.#reader = new RowReader(rows.run, rows.cells, dialect);
  }

  /** Whether the header has been read. */
  get isMapped(): boolean {
    return this.#mapping !== null;
  }

  override begin(start: Place): void {
    super.begin(start);
    this.#timeLength = 0;
    if (start.byteOffset > 0) return;
    this.#mapping = null;
    this.#skip = this.#options.skipLines;
    this.#head = [];
  }

  override window(from: number, limit: number, final: boolean): void {
    super.window(from, limit, final);
    this.#reader.forget();
  }

  protected override next(): Stop | null {
    if (this.#blank()) return null;
    if (this.#mapping !== null) return this.#row();
    if (!this.#before()) return 'drained';
    // What comes next has another letterhead than what came before.
    return this.isMapped ? 'full' : null;
  }

  /** Passes an empty line; those to be passed over anyway are counted there. */
  #blank(): boolean {
    const run = this.filling;
    const { bytes, at, limit } = run;
    if (this.#skip > 0) return false;
    const end = bytes[at] === CR ? at + 1 : at;
    if (bytes[end] !== LF || (end === limit && !run.final)) return false;
    if (this.#mapping === null) this.#head.push(bytes.slice(at, Math.min(end + 1, limit)));
    run.endLine(end);
    return true;
  }

  /** Takes a line or row of what comes before the first row; false when more bytes are needed for it. */
  #before(): boolean {
    const run = this.filling;
    if (this.#skip > 0) return this.#skipLine();
    const end = this.#reader.read(run.at);
    if (end === INCOMPLETE && !run.isTooLong(run.limit)) return false;
    if (end < 0) throw tooLongHeader(end === BAD_QUOTE);
    const { noHeader } = this.#options;
    const names = noHeader ? numberedNames(this.#reader.columns) : headerNames(this.bytes, this.#reader);
    if (!noHeader) this.#keep(end, this.#reader.newlines + 1);
    this.#mapping = mapped(names, this.rows.options);
    this.#columns = names.length;
    this.rows.encoder.begin(this.#mapping);
    this.letterhead = { ending: this.#ending, head: Buffer.concat(this.#head) };
    return true;
  }

  #skipLine(): boolean {
    const { bytes, limit, final, at } = this.filling;
    const end = bytes.indexOf(LF, at);
    if (end >= limit && !final && !this.filling.isTooLong(limit)) return false;
    this.#keep(end, 1);
    if (end < limit) this.#skip -= 1;
    return true;
  }

  /** Keeps what is before `end`, and the LF there, and goes on behind it. */
  #keep(end: number, lines: number): void {
    const { bytes, at, limit } = this.filling;
    const next = Math.min(end + 1, limit);
    this.#head.push(bytes.slice(at, next));
    this.filling.pass(next, end < limit ? lines : lines - 1);
  }

  /** Takes a row in, or refuses it; null to go on. */
  #row(): Stop | null {
    const run = this.filling;
    const start = run.at;
    const end = this.#reader.read(start);
    if (run.isTooLong(end < 0 ? run.limit : end)) return run.refuse('too-long', '') ? null : 'drained';
    if (end === INCOMPLETE) return 'drained';
    if (end === BAD_QUOTE) return run.refuse('bad-quote', 'quotes that do not fit together') ? null : 'drained';
    const { columns, newlines, cells } = this.#reader;
    const cut = run.final && end === run.limit;
    if (columns !== this.#columns) {
      const found = `a row of ${columns} cells instead of ${this.#columns}`;
      return run.refuse(cut ? 'cut-short' : 'ragged-row', found) ? null : 'drained';
    }
    const { time } = this.#mapping!;
    const timeLength = time === columns - 1 ? cells.ends[time]! - cells.starts[time]! : 0;
    if (cut && timeLength < this.#timeLength) {
      return run.refuse('cut-short', 'a time shorter than the one before') ? null : 'drained';
    }
    this.#timeLength = timeLength;
    const next = Math.min(end + 1, run.limit);
    const taken = run.take(cells, {
      start,
      end: run.withoutCr(start, end),
      next,
      lines: newlines + (next > end ? 1 : 0),
    });
    return taken ? null : 'full';
  }
}
