import { expect, test } from 'vitest';
import { cacheBytes } from '../../../src/targets/cnosdb/caches.js';
import { verdicts as cnosdb } from '../../../src/targets/cnosdb/cnosdb-verdicts.js';
import { middleCut, plainText, samples } from '../../../src/targets/http/response-text.js';
import { judge, type VerdictTable } from '../../../src/targets/http/verdict-table.js';
import { verdicts as influxdb1 } from '../../../src/targets/influxdb1/influxdb1-verdicts.js';
import { exactJson } from '../../../src/targets/influxdb1/influxql.js';
import { verdicts as influxdb2 } from '../../../src/targets/influxdb2/influxdb2-verdicts.js';
import { verdicts as influxdb3 } from '../../../src/targets/influxdb3/influxdb3-verdicts.js';
import { startFlags } from '../../../src/targets/victoriametrics/start-flags.js';
import { verdicts as victoriametrics } from '../../../src/targets/victoriametrics/victoriametrics-verdicts.js';
import { expectLinear } from '../../support/linear.js';

test.each([
  ['<html><head><style>b{}</style><title>Bad  Gateway</title></head><p>nginx</html>', 'Bad Gateway nginx'],
  ['<SCRIPT>if (a < b) {}</script>login', 'login'],
  ['plain\n  text', 'plain text'],
  ['text <unclosed', 'text'],
  ['<style>never closed', ''],
  ['', ''],
])('the plain text of %j is %j', (body, text) => {
  expect(plainText(body)).toBe(text);
});

test('a long text keeps its head and tail for patterns', () => {
  expect(middleCut('short')).toBe('short');
  const cut = middleCut(`head${'x'.repeat(100_000)}tail`);
  expect(cut.length).toBeLessThan(10_000);
  expect(cut).toMatch(/^head.*tail$/);
});

test('samples of a metric are the lines with its name and braces', () => {
  const page = '# HELP m\nm{a="1"} 2\nmm{a="1"} 3\nm 4\nm{b="} "} 5\nm{cut';
  expect([...samples(page, 'm')]).toEqual([
    { labels: 'a="1"', value: '2' },
    { labels: 'b="} "', value: '5' },
  ]);
});

const write = (table: VerdictTable, status: number) => (body: string) => judge(table, { status, headers: {}, body }, 0);
const error = (text: string): string =>
  JSON.stringify({ error: text, message: text, error_code: '', error_message: text });

/** Bodies that made expressions backtrack, and the code that reads them. */
const hostile: readonly (readonly [string, (length: number) => string, (body: string) => unknown])[] = [
  ['tags that never close', (n) => '<'.repeat(n), plainText],
  ['style sheets that never close', (n) => '<style></'.repeat(n / 9), plainText],
  ['white space', (n) => `${' '.repeat(n)}x`, plainText],
  ['a cut string of JSON', (n) => `{"results":["${'\\"'.repeat(n / 2)}`, exactJson],
  ['a cut list of numbers', (n) => `[${'1,'.repeat(n / 2)}`, exactJson],
  ['samples without an end', (n) => 'vnode_cache_size_total{\n'.repeat(n / 24), (page) => cacheBytes(page, 't', 'd')],
  [
    'one sample of many braces',
    (n) => `vnode_cache_size_total{${'} '.repeat(n / 2)}`,
    (page) => cacheBytes(page, 't', 'd'),
  ],
  ['flags of escapes', (n) => `flag{name="a", value="${'\\"'.repeat(n / 2)}`, startFlags],
  ['a CnosDB error', (n) => error('Apply engine failed: Table '.repeat(n / 27)), write(cnosdb, 422)],
  ['an InfluxDB 1 error', (n) => error('partial write'.repeat(n / 13)), write(influxdb1, 400)],
  ['an InfluxDB 2 error', (n) => error('type '.repeat(n / 5)), write(influxdb2, 400)],
  ['an InfluxDB 3 error', (n) => error('expected '.repeat(n / 9)), write(influxdb3, 400)],
  ['a VictoriaMetrics error', (n) => '<'.repeat(n), write(victoriametrics, 400)],
];

test.each(hostile)('reading %s takes time in proportion to its length', (_, make, read) => {
  expectLinear(make, read);
});

test.each(Object.entries({ cnosdb, influxdb1, influxdb2, influxdb3, victoriametrics }))(
  'texts in a verdict of %s are at most 300 bytes of valid UTF-8',
  (_, table) => {
    for (const status of [200, 302, 400, 401, 404, 413, 422, 500, 502, 503]) {
      const body = error(`unable to parse '${'ü€😀'.repeat(5000)}'`);
      const verdict = judge(table, { status, headers: { location: '€'.repeat(5000) }, body }, 0);
      const text = verdict.kind === 'accepted' ? '' : verdict.kind === 'rejected' ? verdict.message : verdict.reason;
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(300);
      expect(text).not.toContain('\ufffd');
    }
  },
);

test('a byte order mark is no empty body: it acknowledges nothing', () => {
  for (const body of ['\ufeff', ' ', '\n'])
    expect(write(cnosdb, 200)(body)).toMatchObject({ kind: 'refused', advice: 'check that --url points at CnosDB' });
  expect(write(cnosdb, 200)('')).toEqual({ kind: 'accepted' });
});

test('a Retry-After date counts from the Date header of the server', () => {
  const headers = { 'retry-after': 'Thu, 01 Jan 2015 00:00:10 GMT', date: 'Thu, 01 Jan 2015 00:00:03 GMT' };
  const verdict = judge(cnosdb, { status: 503, headers, body: '' }, Date.UTC(2026, 0, 1));
  expect(verdict).toMatchObject({ kind: 'overloaded', retryAfterMs: 7000 });
});
