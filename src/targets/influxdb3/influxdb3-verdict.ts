// InfluxDB 3 Core and Enterprise. From its documentation, fixtures/wire/influxdb3.ndjson; not run here. Writes are sent with
// accept_partial=false, so that an error says that nothing was stored, and which line is to blame.

import type { Verdict } from '../../core/types/index.js';
import type { HttpAnswer } from '../http/http-status.js';
import { judged, textAt, type VerdictTable } from '../lines/verdict-rules.js';

const table: VerdictTable = {
  title: 'InfluxDB',
  messageOf: (body) => {
    const [first] = linesOf(body);
    const error = textAt(body, 'error');
    return first === undefined ? error : (textAt(first, 'error_message') ?? error);
  },
  pointOf: (body) => {
    const line = linesOf(body)[0]?.line_number;
    return typeof line === 'number' && line >= 1 ? line - 1 : null;
  },
  rows: [
    { status: 204, means: 'accepted' },
    { status: 400, says: /invalid column type|expected .*, got /i, means: 'target-type' },
    { status: 400, says: /retention/i, means: 'target-expired' },
    {
      status: 400,
      says: /soft-deleted database|^db name|in database or rp name/,
      means: 'refused',
      advice: 'see --db',
    },
    { status: 400, says: /invalid gzip|decod|utf-?8/i, means: 'refused', advice: 'see --compression' },
    { status: 400, means: 'target-parse' },
    { status: 401, means: 'refused', advice: 'see --token' },
    { status: 403, means: 'refused', advice: 'see --token: it needs the right to write to the database' },
    { status: 404, means: 'refused', advice: 'see --db, or have it created with --create-db' },
    { status: 422, says: /limit/i, means: 'target-limit' },
    // Its own road of writes, where those of other versions answer 413.
    { status: 500, says: /max request size/, means: 'target-too-large' },
  ],
};

interface Line {
  readonly line_number?: unknown;
  readonly error_message?: unknown;
}

/** `data` is one of them, or a list. */
function linesOf(body: unknown): readonly Line[] {
  if (typeof body !== 'object' || body === null || !('data' in body)) return [];
  const data: readonly unknown[] = Array.isArray(body.data) ? body.data : [body.data];
  return data.filter((each): each is Line => typeof each === 'object' && each !== null);
}

export function verdict(answer: HttpAnswer, now: number): Verdict {
  return judged(table, answer, now);
}
