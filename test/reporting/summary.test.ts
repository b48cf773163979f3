import { expect, test } from 'vitest';
import { type Outcome, outcomes } from '../../src/core/outcomes.js';
import { jsonParts } from '../../src/reporting/json-parts.js';
import { summaryJson, summaryText } from '../../src/reporting/summary.js';
import { input, limitedBy, summaryOf } from './samples.js';

const lines = (change: Parameters<typeof summaryOf>[0], examples?: Record<string, string>): string[] =>
  summaryText(summaryOf(change), examples).trimEnd().split('\n');
const rows = (all: string[], name: string): string[] =>
  all.filter((line) => line.startsWith(`  ${name} `)).map((line) => line.slice(13));

test('the summary of a complete load has eight lines', () => {
  expect(lines({})).toEqual([
    'Complete: every point read was acknowledged.',
    '  points     1,234,567 read = 1,234,567 loaded + 0 rejected + 0 undelivered, 9,876,536 values',
    '  time       1m 23s (start 0.5s, sending 1m 22s), 14,874 points/s, 3.7 MiB/s',
    '  bytes      30 MiB read, 310 MiB decoded, 312 MiB sent',
    '  requests   310 sent, 0 retried',
    '  latency    p50 12 ms, p95 30 ms, p99 55 ms, max 1.3s',
    '  memory     peak 131 MiB of 512 MiB (default)',
    '  writers    8 of 8 at the end',
  ]);
});

test('the summary of a dry run states where points were written', () => {
  const [first] = summaryText(summaryOf({}), {}, null, '/tmp/$&.lp').split('\n');
  expect(first).toBe('Complete: every point read was written to /tmp/$&.lp.');
});

test('the summary of a resumed load states that this run sent nothing', () => {
  const stopped = { outcome: 'usage', exitCode: 2, reason: 'such and such' } as const;
  const none = { read: 0, loaded: 0, rejected: 0, undelivered: 0 };
  expect(lines({ ...stopped, points: none })[0]).toMatch(/^Nothing was sent: /);
  expect(lines(stopped)[0]).toMatch(/^Nothing was sent in this run: /);
});

test('rejects are grouped by reason, most frequent first, with an example and their files', () => {
  const all = lines(
    {
      outcome: 'complete-with-rejects',
      exitCode: 8,
      points: { read: 100, loaded: 93, rejected: 7, undelivered: 0 },
      rejects: {
        byReason: { 'no-fields': 1, 'bad-number': 6 },
        deadLetters: ['/s/x.rejected.lp'],
        reasons: '/s/x.rejected.ndjson',
      },
    },
    { 'bad-number': 'a.lp.gz:17: m v=1x' },
  );
  expect(all[0]).toMatch(/^Complete with rejects: .* \(exit code 8\)$/);
  expect(rows(all, 'rejected')).toEqual(['bad-number: 6 points; first: a.lp.gz:17: m v=1x', 'no-fields: 1 point']);
  expect(rows(all, 'see')).toEqual([
    '/s/x.rejected.lp (the rejected points)',
    '/s/x.rejected.ndjson (the reason for each point)',
  ]);
});

test('the summary of a stopped load states why and how to resume', () => {
  const all = lines({
    outcome: 'unavailable',
    exitCode: 5,
    reason: 'No endpoint answered for 1h.',
    points: { read: 100, loaded: 60, rejected: 0, undelivered: 40 },
    continueWith: 'bulk-load --db bench a.lp.gz',
    checkpoint: '/s/x.checkpoint.json',
  });
  expect(all[0]).toBe(
    'Stopped: the target did not acknowledge the points in time. No endpoint answered for 1h. (exit code 5)',
  );
  expect(rows(all, 'points')[0]).toContain('100 read = 60 loaded + 0 rejected + 40 undelivered');
  expect(all.at(-1)).toBe('  run again  bulk-load --db bench a.lp.gz');
});

test('the summary lists every one of a few inputs', () => {
  const found = rows(lines({ inputs: [input('a'), input('b', { error: 'unexpected end of gzip data' })] }), 'input');
  expect(found).toEqual([
    'a: 1,000 read = 1,000 loaded + 0 rejected + 0 undelivered',
    'b: 1,000 read = 1,000 loaded + 0 rejected + 0 undelivered; unexpected end of gzip data',
  ]);
});

test('the summary of many inputs lists at most twenty with trouble', () => {
  const many = Array.from({ length: 100 }, (_, i) => input(`f${i}`, { rejected: i < 3 ? 1 : 0 }));
  expect(rows(lines({ inputs: many }), 'input').map((line) => line.split(':')[0])).toEqual(['f0', 'f1', 'f2']);
  const all = lines({ inputs: many.map((each) => ({ ...each, undelivered: 5 })) });
  expect(rows(all, 'input').length).toBe(20);
  expect(all.join('\n')).toContain('and 80 more inputs with rejects or problems');
});

test('the summary names a single input only if it has an error', () => {
  expect(rows(lines({ inputs: [input('a', { rejected: 1 })] }), 'input')).toEqual([]);
  expect(rows(lines({ inputs: [input('a', { error: 'gone' })] }), 'input').length).toBe(1);
});

test('the summary of a resumed load has the points of this run', () => {
  const all = lines({ thisRun: { read: 10, loaded: 9, rejected: 1 } });
  expect(rows(all, 'this run')).toEqual(['10 read, 9 loaded, 1 rejected']);
});

test('the summary names memory pressure and the factors that limited the load', () => {
  const { memory, pressure, requests } = summaryOf();
  const all = lines({
    memory: { ...memory, highSeconds: 12, criticalSeconds: 3, forcedGcs: 4, limitSource: 'cgroup /x memory.max × 0.9' },
    pressure: {
      ...pressure,
      limitMin: 1,
      heldBackBy: limitedBy({ targetMemory: 9.9, target: 65, ownMemory: 0.2, input: 8 }),
    },
    requests: { ...requests, sent: 320, retried: 10, overloaded: 9, unreachable: 1 },
  });
  expect(rows(all, 'memory')).toEqual([
    'peak 131 MiB of 512 MiB (cgroup /x memory.max × 0.9), high for 12s, critical for 3.0s, 4 forced collections',
  ]);
  expect(rows(all, 'writers')).toEqual([
    '8 of 8 at the end, minimum 1 after the start; limited by the target 1m 05s, --target-memory 9.9s (these times may overlap)',
  ]);
  expect(rows(all, 'requests')).toEqual(['320 sent, 10 retried, 9 overloaded, 1 unreachable']);
});

test('advice about --target-memory has its own line', () => {
  const { target } = summaryOf();
  expect(rows(lines({}), 'advice')).toEqual([]);
  expect(rows(lines({ target: { ...target, advice: 'more memory' } }), 'advice')).toEqual(['more memory']);
});

test('the summary explains tables that grew by fewer points than were loaded', () => {
  const { points } = summaryOf();
  const grown = (after: number): string[] => {
    const tables = [{ table: 'm', countBefore: 0, countAfter: after }];
    return lines({ verify: { sampled: 1000, found: 1000, equal: 1000, differences: [], tables } });
  };
  expect(grown(points.loaded).join('\n')).not.toContain('overwrite');
  expect(grown(points.loaded - 567).at(-1)).toBe(
    '             the tables grew by 1,234,000 points, but 1,234,567 points were loaded: points of the same series and time overwrite each other',
  );
});

test('the summary names the chance that a sample misses a wrong point', () => {
  const verify = { sampled: 1000, found: 1000, equal: 1000, differences: [], tables: [] };
  expect(rows(lines({ verify }), 'verified')[0]).toMatch(
    /^1,000 points read back, 1,000 found, 1,000 equal; if 1 of 100 points is wrong, the sample misses it with a chance of 0\.0043%; if 1 of 1,000 points is wrong, with a chance of 37%$/,
  );
});

test('the summary of a load without answers has no latency', () => {
  const { requests } = summaryOf();
  expect(rows(lines({ requests: { ...requests, accepted: 0 } }), 'latency')).toEqual([]);
});

test.each(Object.keys(outcomes) as Outcome[])('the outcome %s has its own closing sentence', (outcome) => {
  const others = (Object.keys(outcomes) as Outcome[]).filter((each) => each !== outcome);
  const first = lines({ outcome })[0];
  expect(first).toMatch(/^[A-Z].*\.$/);
  expect(others.map((each) => lines({ outcome: each })[0])).not.toContain(first);
});

test('the JSON of a summary is the one of JSON.stringify, ended by a newline', () => {
  const inputs = Array.from({ length: 250 }, (_, i) => input(`a "${i}"\n.lp`));
  for (const summary of [summaryOf(), summaryOf({ inputs }), summaryOf({ inputs: [] })])
    expect([...summaryJson(summary)].join('')).toBe(`${JSON.stringify(summary, null, 2)}\n`);
});

test('the JSON of a summary with a hundred thousand inputs is printed in parts below 64 KiB', () => {
  const inputs = Array.from({ length: 100_000 }, (_, i) => input(`data/${i}.lp`));
  let parts = 0;
  let longest = 0;
  for (const part of summaryJson(summaryOf({ inputs }))) {
    parts += 1;
    longest = Math.max(longest, part.length);
  }
  expect(parts).toBeGreaterThan(1000);
  expect(longest).toBeLessThan(65_536);
});

test('compact JSON in parts is the one of JSON.stringify', () => {
  const value = { a: 1, b: Array.from({ length: 101 }, (_, i) => ({ i })), c: [], d: null, e: undefined };
  expect([...jsonParts(value, 0)].join('')).toBe(JSON.stringify(value));
  expect([...jsonParts({}, 2)].join('')).toBe('{}');
});
