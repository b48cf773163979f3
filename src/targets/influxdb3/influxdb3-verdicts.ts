// The meaning of the responses of InfluxDB 3 Core and Enterprise. fixtures/wire/influxdb3.ndjson contains these
// responses, taken from the documentation. Writes have accept_partial=false. So after an error, no point of the body is
// stored. The error names a line.

import { z } from 'zod';
import { jsonOf } from '../http/response-text.js';
import type { TargetError, VerdictTable } from '../http/verdict-table.js';

const lineSchema = z.object({ line_number: z.int().min(1).optional(), error_message: z.string().optional() });
const errorSchema = z.object({
  error: z.string(),
  /** Details of the error. InfluxDB 3 sends them for one line or for a list of lines; one line becomes a list. */
  data: z.union([z.array(lineSchema), lineSchema.transform((line) => [line])]).catch([]),
});

function errorOf(body: string): TargetError | null {
  const read = errorSchema.safeParse(jsonOf(body));
  if (!read.success) return null;
  const [line] = read.data.data;
  const point = line?.line_number === undefined ? null : line.line_number - 1;
  return { message: line?.error_message || read.data.error, point };
}

export const verdicts: VerdictTable = {
  title: 'InfluxDB',
  acknowledgement: 204,
  errorOf,
  rows: [
    { status: 400, message: /invalid column type|expected .*, got /i, means: 'target-type' },
    { status: 400, message: /retention/i, means: 'target-expired' },
    {
      status: 400,
      message: /soft-deleted database|^db name|in database or rp name/,
      means: 'refused',
      advice: 'check --db',
    },
    { status: 400, message: /invalid gzip|decod|utf-?8/i, means: 'refused', advice: 'check --compression' },
    { status: 400, means: 'target-parse' },
    { status: 401, means: 'refused', advice: 'check --token' },
    { status: 403, means: 'refused', advice: 'check that --token has the right to write to the database' },
    { status: 404, means: 'missing-database' },
    { status: 422, message: /limit/i, means: 'target-limit' },
    // InfluxDB 3 responds with status 500 to a body that is too large, where other versions respond with 413.
    { status: 500, message: /max request size/, means: 'target-too-large' },
  ],
};
