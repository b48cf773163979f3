// VictoriaMetrics. Answers of 1.79.5 and of its documentation, fixtures/wire/victoriametrics.ndjson. It acknowledges what it
// drops: lines that it cannot read, strings, timestamps beyond its retention. Those are found before sending.

import type { Verdict } from '../../core/types/index.js';
import type { HttpAnswer } from '../http/http-status.js';
import { judged, type VerdictTable } from '../lines/verdict-rules.js';

const table: VerdictTable = {
  title: 'VictoriaMetrics',
  messageOf: () => null, // in plain text
  rows: [
    { status: 204, means: 'accepted' },
    { status: 400, says: /too (long|big) line|too long|line size/, means: 'target-limit' },
    { status: 400, says: /gzip|decompress|zstd/, means: 'refused', advice: 'see --compression' },
    { status: 400, says: /unsupported path|missing route/, means: 'refused', advice: 'see --url' },
    { status: 400, says: /cannot (parse|unmarshal)/, means: 'target-parse' },
    { status: 401, means: 'refused', advice: 'see --user and --password, or --token' },
    { status: 403, means: 'refused', advice: 'see --user and --password, or --token' },
  ],
};

export function verdict(answer: HttpAnswer, now: number): Verdict {
  return judged(table, answer, now);
}
