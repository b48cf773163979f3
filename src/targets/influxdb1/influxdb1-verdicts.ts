// The meaning of InfluxDB 1's responses. fixtures/wire/influxdb1.ndjson contains these responses, recorded from 1.6.7
// or taken from the documentation.

import { messageUnder, type VerdictTable } from '../http/verdict-table.js';

const signIn = { status: 401, means: 'refused', advice: 'check --user and --password, or --token' } as const;

const policyMissing = /retention policy not found/;
const policyAdvice = 'check --rp, or give the database a default policy';

export const verdicts: VerdictTable = {
  title: 'InfluxDB',
  acknowledgement: 204,
  errorOf: messageUnder('error'),
  rows: [
    { status: 400, message: /unable to parse/, means: 'target-parse' },
    { status: 400, message: /field type conflict/, means: 'target-type' },
    { status: 400, message: /beyond retention policy/, means: 'target-expired' },
    {
      status: 400,
      message: /max-values-per-tag|max-series-per-database|max series|max key size/,
      means: 'target-limit',
    },
    { status: 400, message: /invalid (tag key|field name)/, means: 'target-parse' },
    { status: 400, message: /partial write/, means: 'target-rejected' },
    { status: 400, message: /gzip|database is required/, means: 'refused', advice: 'check --compression and --db' },
    signIn,
    { status: 403, means: 'refused', advice: 'grant the user WRITE on the database, or check --user' },
    { status: 404, message: /database not found/, means: 'missing-database' },
    { status: 404, message: policyMissing, means: 'refused', advice: policyAdvice },
    { status: 500, message: policyMissing, means: 'refused', advice: policyAdvice },
    { status: 500, message: /cache-max-memory-size exceeded|timeout/, means: 'overloaded' },
  ],
};
