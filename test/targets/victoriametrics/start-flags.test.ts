import { expect, test } from 'vitest';
import { startFlags } from '../../../src/targets/victoriametrics/start-flags.js';

const hour = 3_600_000;
const day = 24 * hour;

function page(flags: Record<string, string>): string {
  const lines = Object.entries(flags).map(
    ([name, value]) => `flag{name="${name}", value="${value}", is_set="true"} 1\n`,
  );
  return `# a page of metrics\nvm_app_version{version="victoria-metrics-x", short_version="v1.79.5"} 1\n${lines.join('')}go_threads 9\n`;
}

test('without flags the strictest defaults apply, and the retention is unknown', () => {
  expect(startFlags('')).toEqual({
    version: null,
    retentionMs: null,
    limits: {
      sinceMs: 0,
      aheadMs: 2 * day,
      strings: false,
      tags: 28,
      ownTags: ['__name__', 'db'],
      tagNameBytes: 256,
      tagValueBytes: 1024,
      pointBytes: 262_144,
    },
    trim: '1ms',
    dedup: '0s',
    names: { separator: '_', skipMeasurement: false, skipSingleField: false, dbLabel: 'db' },
  });
});

test('limits and metric names follow the flags', () => {
  const read = startFlags(
    page({
      maxLabelsPerTimeseries: '40',
      maxLabelValueLen: '16384',
      'influx.maxLineSize': '1000',
      influxTrimTimestamp: '1s',
      'dedup.minScrapeInterval': '30s',
      influxMeasurementFieldSeparator: '.',
      influxSkipMeasurement: 'true',
      influxSkipSingleField: 'true',
      influxDBLabel: 'database',
      futureRetention: '1d',
    }),
  );
  expect(read).toMatchObject({
    version: '1.79.5',
    limits: { tags: 38, tagValueBytes: 16_384, pointBytes: 1000, aheadMs: day },
    trim: '1s',
    dedup: '30s',
    names: { separator: '.', skipMeasurement: true, skipSingleField: true, dbLabel: 'database' },
  });
});

test.each([
  ['1', 31 * day],
  ['100y', 100 * 365 * day],
  ['2w', 14 * day],
  ['30d', 30 * day],
  ['36h', 36 * hour],
  ['1.5d', 36 * hour],
  ['soon', null],
  ['1x', null],
])('a retention of %s is %s ms', (retentionPeriod, ms) => {
  expect(startFlags(page({ retentionPeriod })).retentionMs).toBe(ms);
});

test('an unreadable number takes the default', () => {
  expect(startFlags(page({ maxLabelsPerTimeseries: 'many' })).limits.tags).toBe(28);
});
