// InfluxDB 1.x. Answers of 1.6.7 and of its documentation, fixtures/wire/influxdb1.ndjson.
//
// Whatever it says of a partial write, the number it dropped is not to be built on: `dropped=0` comes with lines that could
// not be read. So any of them is searched by halving, and only what it acknowledges by itself counts as loaded; what was
// stored meanwhile is overwritten with the same values.

import type { Verdict } from '../../core/types/index.js';
import type { HttpAnswer } from '../http/http-status.js';
import { judged, textAt, type VerdictTable } from '../lines/verdict-rules.js';

const table: VerdictTable = {
  title: 'InfluxDB',
  messageOf: (body) => textAt(body, 'error'),
  rows: [
    { status: 204, means: 'accepted' },
    { status: 400, says: /unable to parse/, means: 'target-parse' },
    { status: 400, says: /field type conflict/, means: 'target-type' },
    { status: 400, says: /beyond retention policy/, means: 'target-expired' },
    { status: 400, says: /max-values-per-tag|max-series-per-database|max series|max key size/, means: 'target-limit' },
    { status: 400, says: /invalid (tag key|field name)/, means: 'target-parse' },
    { status: 400, says: /partial write/, means: 'target-rejected' },
    { status: 400, says: /gzip|database is required/, means: 'refused', advice: 'see --compression and --db' },
    { status: 401, means: 'refused', advice: 'see --user and --password, or --token' },
    { status: 403, means: 'refused', advice: 'grant the user WRITE on the database, or see --user' },
    {
      status: 404,
      says: /database not found/,
      means: 'refused',
      advice: 'see --db, or have it created with --create-db',
    },
    { status: 404, says: /retention policy not found/, means: 'refused', advice: 'give the database a default one' },
    { status: 500, says: /cache-max-memory-size exceeded|timeout/, means: 'overloaded' },
  ],
};

export function verdict(answer: HttpAnswer, now: number): Verdict {
  return judged(table, answer, now);
}
