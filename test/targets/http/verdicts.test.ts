// The verdict table of each target against its recorded answers and those in its documentation.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Verdict } from '../../../src/core/types/index.js';
import type { HttpResponse } from '../../../src/targets/http/types.js';
import { judge } from '../../../src/targets/http/verdict-table.js';
import { verdicts as influxdb1 } from '../../../src/targets/influxdb1/influxdb1-verdicts.js';
import { verdicts as influxdb2 } from '../../../src/targets/influxdb2/influxdb2-verdicts.js';
import { verdicts as influxdb3 } from '../../../src/targets/influxdb3/influxdb3-verdicts.js';
import { verdicts as victoriametrics } from '../../../src/targets/victoriametrics/victoriametrics-verdicts.js';

interface RecordedAnswer {
  readonly name: string;
  readonly source: string;
  readonly status: number;
  readonly body: string;
  readonly headers?: Record<string, string>;
  readonly verdict: string;
  /** Number of the point that the answer blames, from 0. */
  readonly point?: number;
}

const tables = { influxdb1, influxdb2, influxdb3, victoriametrics };
const now = Date.UTC(2026, 0, 1);

function recorded(kind: string): RecordedAnswer[] {
  const text = readFileSync(new URL(`../../../fixtures/wire/${kind}.ndjson`, import.meta.url), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as RecordedAnswer);
}

function short(found: Verdict): string {
  return found.kind === 'rejected' ? `rejected ${found.reason}` : found.kind;
}

describe.each(Object.entries(tables))('%s', (kind, table) => {
  const verdictOf = ({
    status,
    body,
    headers = {},
  }: Omit<HttpResponse, 'headers'> & { headers?: HttpResponse['headers'] }): Verdict =>
    judge(table, { status, headers, body }, now);

  test.each(recorded(kind).map((each) => [each.name, each] as const))('%s', (_, answer) => {
    const found = verdictOf(answer);
    expect(short(found)).toBe(answer.verdict);
    if (found.kind === 'rejected') expect(found.point ?? null).toBe(answer.point ?? null);
    if (answer.headers?.['retry-after'] !== undefined)
      expect(found).toMatchObject({ retryAfterMs: Number(answer.headers['retry-after']) * 1000 });
  });

  test('only 204 acknowledges a write, and every other status has a verdict', () => {
    for (let status = 100; status < 600; status += 1) {
      const found = verdictOf({ status, body: '' });
      expect(found.kind === 'accepted').toBe(status === 204);
      if (status === 429 || status === 503) expect(found.kind).toBe('overloaded');
    }
  });

  test('a failed write may have been applied; a throttled one and one that a proxy did not deliver were not', () => {
    expect(verdictOf({ status: 500, body: 'x' })).toMatchObject({ kind: 'overloaded', mayBeApplied: true });
    for (const status of [429, 502, 503])
      expect(verdictOf({ status, body: '<html>x</html>' })).toMatchObject({ kind: 'overloaded', mayBeApplied: false });
    expect(verdictOf({ status: 504, body: 'x' })).toMatchObject({ kind: 'overloaded', mayBeApplied: true });
  });
});
