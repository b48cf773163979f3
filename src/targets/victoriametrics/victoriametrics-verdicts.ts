// The meaning of VictoriaMetrics' responses. fixtures/wire/victoriametrics.ndjson contains these responses, recorded
// from 1.79.5 or taken from the documentation. VictoriaMetrics acknowledges even points that it drops: unreadable
// lines, strings, and timestamps outside its retention. The loader rejects such points before sending.

import type { VerdictTable } from '../http/verdict-table.js';

const signIn = 'check --user and --password, or --token';

export const verdicts: VerdictTable = {
  title: 'VictoriaMetrics',
  acknowledgement: 204,
  errorOf: () => null, // errors are plain text
  rows: [
    { status: 400, message: /too (long|big) line|too long|line size/, means: 'target-limit' },
    { status: 400, message: /gzip|decompress|zstd/, means: 'refused', advice: 'check --compression' },
    { status: 400, message: /unsupported path|missing route/, means: 'refused', advice: 'check --url' },
    { status: 400, message: /cannot (parse|unmarshal)/, means: 'target-parse' },
    { status: 401, means: 'refused', advice: signIn },
    { status: 403, means: 'refused', advice: signIn },
  ],
};
