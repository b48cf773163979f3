// Facts of a report page with every section: three nodes of which one fails, a target out of memory, flushes, our own
// memory near its limit, rejects, a replaced input, and hostile names.

import type { Answers, RunDetails, Sample } from '../../../src/core/types/index.js';
import type { PageFacts } from '../../../src/reporting/html/report-page.js';
import { answers, input, limitedBy, summaryOf } from '../samples.js';

const MiB = 1_048_576;

/** Names that try to end a script, a style, an attribute, a comment or a line, or to change the writing direction. */
export const hostile = [
  '</script><script>alert(1)</script>',
  '</style><img src=x onerror=alert(1)>',
  '" onmouseover="alert(1)',
  "' autofocus onfocus='alert(1)",
  '--><svg onload=alert(1)>',
  'a\u202egnp.exe',
  'שלום/עולם.lp',
  'line\nbreak\u0000\u001b[31mred',
  '&lt;already&gt; &amp; more',
  `${'long-'.repeat(60)}name.lp`,
];

const minutes = 47;
const endpoints = ['http://node-a:8902', 'http://node-b:8902', 'http://node-c:8902'];

function answersAt(minute: number, node: number): Answers {
  if (node === 2 && minute >= 18 && minute < 24) return answers({ unreachable: 0.2 });
  if (minute >= 9 && minute < 14) return answers({ accepted: 20 + 4 * node, overloaded: 9 });
  return answers({ accepted: 46 + 6 * Math.sin(minute + node), rejected: minute > 30 && minute < 31 ? 2 : 0 });
}

function sampleAt(i: number): Sample {
  const seconds = (i + 1) * 5;
  const minute = seconds / 60;
  const exhausted = minute >= 9 && minute < 14;
  const gone = minute >= 18 && minute < 24;
  const high = minute >= 33 && minute < 36;
  const dip = exhausted ? 0.45 : gone ? 0.7 : high ? 0.8 : 1;
  return {
    seconds,
    rssBytes: (high ? 420 + 25 * Math.sin(i) : 240 + 30 * Math.sin(i / 9) + Math.min(60, i)) * MiB,
    limitBytes: 512 * MiB,
    pointsPerSecond: 182_000 * dip * (1 + 0.07 * Math.sin(i / 3) + 0.03 * Math.sin(i * 7)),
    writers: exhausted ? 2 : 8,
    level: minute >= 35 && high ? 'critical' : high ? 'high' : 'normal',
    heldBack: limitedBy({
      target: exhausted ? 4.8 : gone ? 1.5 : 0,
      ownMemory: high ? 4 : 0,
      input: minute < 2 ? 3 : 0.1,
    }),
    flushes: i % 40 === 39 ? 1 : 0,
    nodeBytes: (130 + ((i % 40) / 40) * 330) * MiB,
    endpoints: endpoints.map((_, node) => ({
      answers: answersAt(minute, node),
      p99Ms: exhausted ? 900 + 200 * Math.sin(i) : gone && node === 2 ? 0 : 85 + 20 * Math.sin(i / 5 + node),
      openSeconds: node === 2 && gone ? 5 : 0,
    })),
  };
}

const particulars: RunDetails = {
  rejects: {
    shown: [
      { reason: 'bad-number', table: 'readings', input: 0, points: 1204, firstLine: 88_213 },
      { reason: 'type-conflict', table: hostile[0]!, input: 1, points: 212, firstLine: 1 },
      { reason: 'cut-short', table: null, input: 2, points: 1, firstLine: 4_021_224 },
    ],
    more: 37,
  },
  tables: {
    shown: [
      {
        table: 'readings',
        points: 311_220_115,
        time: { first: 1_640_995_200_000_000_000n, last: 1_648_771_199_000_000_000n },
      },
      {
        table: 'diagnostics',
        points: 170_334_002,
        time: { first: 1_640_995_200_000_000_000n, last: 1_648_771_190_500_000_000n },
      },
      { table: hostile[1]!, points: 12, time: null },
    ],
    more: 0,
  },
  sampled: true,
  introduced: {
    shown: [
      { table: 'readings', isNew: true, columns: { shown: ['fleet', 'driver', 'latitude', hostile[2]!], more: 14 } },
      { table: 'diagnostics', isNew: false, columns: { shown: ['fuel_state'], more: 0 } },
    ],
    more: 0,
  },
  abandoned: { shown: [{ input: 1, kept: '/var/lib/bulk-load/1f.abandoned-20260101T020000Z.json' }], more: 0 },
};

/** Makes the same facts at each call. */
export function nightFacts(): PageFacts {
  const samples = Array.from({ length: (minutes * 60) / 5 }, (_, i) => sampleAt(i));
  const rejected = 1454;
  const undelivered = 18_446_000;
  const loaded = 481_554_129;
  return {
    summary: summaryOf({
      outcome: 'unavailable',
      exitCode: 5,
      reason:
        'writing a batch of 9,211 points: expected an answer within --retry-for 1h, found connect ECONNREFUSED 10.0.0.3:8902 at http://node-c:8902. Run the command again once the target answers.',
      continueWith:
        "bulk-load --url http://node-a:8902,http://node-b:8902,http://node-c:8902 --db fleet --report /srv/report.html '/srv/data/2022/**/*.lp.gz'",
      startedAt: '2026-11-25T02:00:04.112Z',
      endedAt: '2026-11-25T02:47:04.800Z',
      seconds: minutes * 60,
      points: { read: loaded + rejected + undelivered, loaded, rejected, undelivered },
      values: { loaded: 3_852_433_032 },
      thisRun: { read: 401_000_000, loaded: 382_552_600, rejected: 1400 },
      rate: { pointsPerSecond: 135_657, decodedBytesPerSecond: 31 * MiB },
      memory: {
        limitBytes: 512 * MiB,
        limitSource: 'default',
        peakRssBytes: 446 * MiB,
        slots: 8,
        slotBytes: 3 * MiB,
        highSeconds: 121,
        criticalSeconds: 60,
        forcedGcs: 3,
      },
      pressure: {
        workers: 8,
        limitMin: 2,
        limitFinal: 8,
        bodyBytesMin: MiB,
        bodyBytesFinal: MiB,
        throttledSeconds: 400,
        heldBackBy: limitedBy({ target: 396, ownMemory: 144, input: 90 }),
      },
      target: {
        version: '2.4.3',
        planBytesPerNode: 500 * MiB,
        estimatedPeakBytesPerNode: 460 * MiB,
        flushes: 14,
        rinses: 3,
        nodeDeaths: 0,
        gaugeDifferenceBytes: -12 * MiB,
        advice: null,
        newTables: 1,
        newColumns: 19,
      },
      inputs: [
        input('2022/q1/readings.lp.gz', {
          read: 300_000_000,
          loaded: 299_998_796,
          rejected: 1204,
          resumedFromByte: 5_368_709_120,
        }),
        input('2022/q1/diagnostics.lp.gz', {
          read: 182_000_000,
          loaded: 163_554_000,
          rejected: 212,
          undelivered: 18_445_788,
        }),
        input(hostile[6]!, {
          error: `reading ${hostile[0]}: expected a gzip trailer, found the end of the file`,
          rejected: 38,
        }),
        ...hostile.map((name) => input(name)),
      ],
      rejects: {
        byReason: { 'bad-number': 1204, 'type-conflict': 212, 'cut-short': 1, [hostile[3]!]: 37 },
        deadLetters: ['/var/lib/bulk-load/1f22ab90cd3e.rejected.lp'],
        reasons: '/var/lib/bulk-load/1f22ab90cd3e.rejected.ndjson',
      },
      verify: {
        sampled: 1000,
        found: 1000,
        equal: 999,
        differences: [
          {
            table: 'readings',
            time: '2022-01-03T04:05:06.000000000Z',
            tags: { name: 'truck_1', fleet: hostile[2]! },
            field: 'velocity',
            expected: '12.5',
            got: '12.25',
          },
        ],
        tables: [
          { table: 'readings', countBefore: 0, countAfter: 311_220_115 },
          { table: 'diagnostics', countBefore: 1200, countAfter: 170_335_202 },
        ],
      },
      endpoints: endpoints.map((url, i) => ({
        url,
        loaded: 160_000_000 - i * 20_000_000,
        failures: i * 31,
        openSeconds: i === 2 ? 360 : 0,
      })),
      checkpoint: '/var/lib/bulk-load/1f22ab90cd3e.checkpoint.json',
    }),
    samples,
    particulars,
    examples: {
      'bad-number': '2022/q1/readings.lp.gz:88213: field "velocity" is no number: "12,5"',
      'type-conflict': hostile[0]!,
      [hostile[3]!]: hostile[4]!,
    },
    settings: [
      { flag: '--url', value: endpoints.join(', '), origin: { source: 'environment', name: 'BULK_LOAD_URL' } },
      { flag: '--db', value: 'fleet', origin: { source: 'flag', name: '--db' } },
      { flag: '--password', value: '(hidden)', origin: { source: 'file', name: '/etc/bulk-load.yaml' } },
      { flag: '--workers', value: '8', origin: { source: 'default', name: 'default' } },
      { flag: '--batch-bytes', value: '1MiB', origin: { source: 'default', name: 'default' } },
    ],
    database: 'fleet',
    urls: endpoints,
    target: 'CnosDB',
    writtenTo: null,
    targetMemoryBytes: 512 * MiB,
    notices: [
      {
        level: 'warn',
        message: 'http://node-a:8902: Memory Exhausted Retry Later; trying again',
        times: 312,
        first: 541,
        last: 838,
      },
      { level: 'error', message: hostile[0]!, times: 1, first: 1081, last: 1081 },
    ],
    moreNotices: 0,
  };
}
