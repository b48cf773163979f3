// InfluxDB 2.x, and Cloud. From its documentation, fixtures/wire/influxdb2.ndjson; not run here.

import type { Verdict } from '../../core/types/index.js';
import type { HttpAnswer } from '../http/http-status.js';
import { judged, textAt, type VerdictTable } from '../lines/verdict-rules.js';

const table: VerdictTable = {
  title: 'InfluxDB',
  messageOf: (body) => textAt(body, 'message'),
  rows: [
    { status: 204, means: 'accepted' },
    // To a body without a point: token, organization and bucket were looked at before.
    { status: 400, says: /^writing requires points$/, means: 'accepted' },
    { status: 400, says: /unable to parse/, means: 'target-parse' },
    { status: 400, says: /unable to read data|gzip/, means: 'refused', advice: 'see --compression' },
    { status: 400, says: /field type conflict|type .* already exists/, means: 'target-type' },
    { status: 400, says: /partial write/, means: 'target-rejected' },
    { status: 401, means: 'refused', advice: 'see --token' },
    { status: 403, means: 'refused', advice: 'see --token: it needs the right to write to the bucket' },
    {
      status: 404,
      says: /bucket/,
      means: 'refused',
      advice: 'see --db, or have it created with --create-db',
    },
    { status: 404, says: /organization/, means: 'refused', advice: 'see --tenant, which names it' },
    { status: 422, says: /field type conflict/, means: 'target-type' },
    { status: 422, says: /beyond retention policy|outside retention/, means: 'target-expired' },
    { status: 422, says: /unable to parse/, means: 'target-parse' },
    { status: 422, means: 'target-rejected' },
  ],
};

export function verdict(answer: HttpAnswer, now: number): Verdict {
  return judged(table, answer, now);
}
