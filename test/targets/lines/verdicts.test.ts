// Each target's table against the answers that were recorded from it, or that its documentation gives.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Verdict } from '../../../src/core/types/index.js';
import type { HttpAnswer } from '../../../src/targets/http/http-status.js';
import { verdict as influxdb1 } from '../../../src/targets/influxdb1/influxdb1-verdict.js';
import { verdict as influxdb2 } from '../../../src/targets/influxdb2/influxdb2-verdict.js';
import { verdict as influxdb3 } from '../../../src/targets/influxdb3/influxdb3-verdict.js';
import { verdict as victoriametrics } from '../../../src/targets/victoriametrics/victoriametrics-verdict.js';

interface Described {
  readonly name: string;
  readonly source: string;
  readonly status: number;
  readonly body: string;
  readonly headers?: Record<string, string>;
  readonly verdict: string;
  /** That the answer blames, from 0. */
  readonly point?: number;
}

const tables = { influxdb1, influxdb2, influxdb3, victoriametrics };
const now = Date.UTC(2026, 0, 1);

function described(kind: string): Described[] {
  const text = readFileSync(new URL(`../../../fixtures/wire/${kind}.ndjson`, import.meta.url), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Described);
}

function short(found: Verdict): string {
  return found.kind === 'rejected' ? `rejected ${found.reason}` : found.kind;
}

describe.each(Object.entries(tables))('%s', (kind, verdict) => {
  const means = ({
    status,
    body,
    headers = {},
  }: Omit<HttpAnswer, 'headers'> & { headers?: HttpAnswer['headers'] }): Verdict =>
    verdict({ status, headers, body }, now);

  test.each(described(kind).map((each) => [each.name, each] as const))('%s', (_, answer) => {
    const found = means(answer);
    expect(short(found)).toBe(answer.verdict);
    if (found.kind === 'rejected') expect(found.point ?? null).toBe(answer.point ?? null);
    if (answer.headers?.['retry-after'] !== undefined)
      expect(found).toMatchObject({ retryAfterMs: Number(answer.headers['retry-after']) * 1000 });
  });

  test('nothing but 204 is taken for an acknowledgement, and every other answer has a verdict', () => {
    for (let status = 100; status < 600; status += 1) {
      const found = means({ status, body: '' });
      expect(found.kind === 'accepted').toBe(status === 204);
      if (status === 429 || status === 503) expect(found.kind).toBe('overloaded');
    }
  });

  test('what a server failed at may have been stored, and what it turned away was not', () => {
    expect(means({ status: 500, body: 'x' })).toMatchObject({ kind: 'overloaded', mayBeApplied: true });
    expect(means({ status: 429, body: 'x' })).toMatchObject({ kind: 'overloaded', mayBeApplied: false });
  });
});
