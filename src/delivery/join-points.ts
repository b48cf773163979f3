// Joins points with one field each into lines with several fields. CnosDB stores each line as a row with a slot for
// every field of its table. So an export with one field a line fills the memory of a node with empty slots.

import { unescapedEnd } from '../core/points/line-protocol.js';
import type { Batch, PlainBody, PointRange } from '../core/types/index.js';

/** Rows are sparse if they have at least this many field slots for each value. */
const sparseSlots = 4;
/**
 * Points are joined only if the joined body has at most this share of the original number of lines. Otherwise the
 * points are sent unchanged.
 */
const maxShare = 3 / 4;
const timestamp = /^-?\d+$/;

/**
 * Joins the points of a range. Returns null if the batch is not sparse (fewer than four field slots for each value), or
 * if the batch adds columns.
 */
export function joinSparse(batch: Batch, range: PointRange): PlainBody | null {
  const isSparse = batch.slots >= sparseSlots * batch.values && batch.introduces === null;
  return isSparse ? joinPoints(batch, range) : null;
}

interface Row {
  readonly key: string;
  readonly time: string;
  readonly names: Set<string>;
  fields: string;
}

/**
 * Joins the points of a range that have the same table, tags and timestamp. If the joined row already has the field of
 * a point, the point begins another row that comes later in the body. So the later value still wins. Returns null if
 * joining would gain little. Also returns null if a point lacks a timestamp or has superfluous spaces.
 */
export function joinPoints({ body, bodyEnd }: Pick<Batch, 'body' | 'bodyEnd'>, range: PointRange): PlainBody | null {
  const first = range.from === 0 ? 0 : bodyEnd(range.from - 1);
  const length = bodyEnd(range.to - 1) - first;
  const text = Buffer.from(body.buffer, body.byteOffset + first, length).toString('latin1');
  const escapes = text.includes('\\');
  const points = range.to - range.from;
  const rows: Row[] = [];
  /** The last row for each key (table and tags) and time. */
  const lastRows = new Map<string, Row>();
  let start = 0;
  for (let i = range.from; i < range.to; i += 1) {
    const end = bodyEnd(i) - first - 1;
    const keyEnd = escapes ? unescapedEnd(text, start, ' ') : text.indexOf(' ', start);
    const timeStart = text.lastIndexOf(' ', end);
    const [key, fields, time] = [
      text.slice(start, keyEnd),
      text.slice(keyEnd + 1, timeStart),
      text.slice(timeStart + 1, end),
    ];
    if (keyEnd === start || timeStart <= keyEnd || !timestamp.test(time)) return null;
    if (fields.startsWith(' ') || fields.endsWith(' ')) return null;
    start = end + 1;
    // A point with a comma may have several fields, or a comma in a string. Such a point keeps a row of its own.
    const name = fields.includes(',') ? null : fields.slice(0, fields.indexOf('='));
    const row = lastRows.get(`${key} ${time}`);
    if (name !== null && row !== undefined && !row.names.has(name) && !row.names.has('')) {
      row.fields += `,${fields}`;
      row.names.add(name);
      continue;
    }
    const begun: Row = { key, time, fields, names: new Set([name ?? '']) };
    lastRows.set(`${key} ${time}`, begun);
    if (rows.push(begun) > points * maxShare) return null;
  }
  const bytes = Buffer.from(rows.map((row) => `${row.key} ${row.fields} ${row.time}\n`).join(''), 'latin1');
  return { bytes, linesPerPoint: rows.length / points };
}
