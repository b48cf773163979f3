import { expect, test } from 'vitest';
import type { LimitingFactor } from '../../../src/core/limiting-factors.js';
import type { Answers } from '../../../src/core/types/index.js';
import { pace } from '../../../src/reporting/progress/pace.js';
import { fittedLine, fullLine } from '../../../src/reporting/progress/progress-line.js';
import { answers, limitedBy, snapshotAt } from '../samples.js';

const MiB = 1_048_576;
const brush = { bar: (width: number): string => '='.repeat(width), paint: (text: string): string => text };
const at = (seconds: number, change = {}): [ReturnType<typeof snapshotAt>, ReturnType<typeof pace>] => {
  const snapshot = snapshotAt(seconds, change);
  return [snapshot, pace([snapshot])];
};
const unknown = { percent: null };
const limited = (key: LimitingFactor) => ({ heldBack: limitedBy({ [key]: 20 }) });
const high = { memory: { rssBytes: 430 * MiB, limitBytes: 512 * MiB, level: 'high' as const } };
const target = (what: Partial<Answers>, openSeconds = 0) => ({
  endpoints: [{ url: 'http://a', loaded: 1, openSeconds, answers: answers(what), p99Ms: 1 }],
});
const rejected = { points: { read: 900_000, loaded: 840_000, rejected: 12 } };

test.each([
  [
    at(84),
    '42%  840,000 points  10,000/s  ETA 1m 56s  memory 231/512 MiB  2 MiB/s  in flight 5/6  node 200 MiB  0 rejected',
  ],
  [at(84, unknown), '840,000 points  10,000/s  memory 231/512 MiB  2 MiB/s  in flight 5/6  node 200 MiB  0 rejected'],
  [at(200), '100%  2,000,000 points  10,000/s  memory 231/512 MiB  2 MiB/s  in flight 5/6  node 200 MiB  0 rejected'],
])('the full line has every part: %#', ([snapshot, speed], expected) => {
  expect(fullLine(snapshot, speed)).toBe(expected);
});

test.each([
  [at(84, limited('input')), /limited by input/],
  [at(84, limited('rateLimit')), /limited by rate limit/],
  [at(84, limited('targetMemory')), /limited by target memory/],
  [at(84, { ...limited('ownMemory'), ...high }), /memory high 430\/512 MiB {2}limited by own memory/],
  [at(84, { ...limited('target'), ...target({ overloaded: 9 }) }), /limited by target: overloaded/],
  [at(84, target({ dropped: 1 })), / {2}target: connection lost/],
  [at(84, target({ unreachable: 1 }, 3)), /circuit open for 1 of 1 endpoints {2}target: unreachable/],
])('the full line names the trouble: %#', ([snapshot, speed], expected) => {
  expect(fullLine(snapshot, speed)).toMatch(expected);
});

test('an endpoint with an open circuit is not also named as unreachable', () => {
  const two = { endpoints: [...target({ unreachable: 3 }, 5).endpoints, ...target({}).endpoints] };
  expect(fullLine(...at(84, two))).toMatch(/circuit open for 1 of 2 endpoints {2}2 MiB/);
});

test.each([
  [30, at(84, rejected), ' 42%  840,000 points  12 rej'],
  [40, at(84), ' 42%  840,000 points  10,000/s  1m 56s'],
  [40, at(84, unknown), '840,000 points  10,000/s  for 1m 24s'],
  [19, at(84), ' 42%  840,000 pts'],
  [
    49,
    at(84, { ...limited('target'), ...target({ overloaded: 9 }) }),
    ' 42%  840,000 pts  10,000/s  1m 56s  overloaded',
  ],
  [79, at(84), ' 42% [=========]  840,000 pts  10,000/s  1m 56s  mem 45%  2 MiB/s  node 200 MiB'],
  [79, at(84, limited('input')), ' 42% [==========]  840,000 points  10,000/s  1m 56s  mem 45%  by input  2 MiB/s'],
  [
    79,
    at(84, { ...limited('ownMemory'), ...high }),
    ' 42% [=========]  840,000 points  10,000/s  1m 56s  mem 84% high  by own memory',
  ],
  [
    140,
    at(84),
    ' 42% [=========================]  840,000 points  10,000/s  ETA 1m 56s  memory 231/512 MiB  2 MiB/s  in flight 5/6  node 200 MiB  0 rejected',
  ],
])('a line of %i columns leaves out the least important parts', (width, [snapshot, speed], expected) => {
  expect(fittedLine(snapshot, speed, width, brush)).toEqual({ text: expected, length: expected.length });
});

test('no line exceeds its width from 1 to 200 columns, with or without a total', () => {
  const lines = Array.from({ length: 200 }, (_, i) => i + 1).flatMap((width) =>
    [{}, unknown, rejected, high, limited('target'), target({ overloaded: 1 }, 3)].map((change) => ({
      width,
      ...fittedLine(...at(84, change), width, brush),
    })),
  );
  expect(lines.filter(({ width, text }) => text.length > width)).toEqual([]);
  expect(lines.filter(({ length, text }) => text.length !== length)).toEqual([]);
});

test('an unknown total shows neither percent nor ETA nor bar', () => {
  for (const width of [40, 80, 200]) expect(fittedLine(...at(84, unknown), width, brush).text).not.toMatch(/%|ETA|=/);
});

test.each([
  ['starting', /42% {2}starting {2}840,000 points/],
  ['verifying', /42% {2}reading a sample back \(--verify\) {2}840,000 points/],
  ['sending', /42% {2}840,000 points/],
] as const)('the line names the phase %s unless points are being sent', (phase, expected) => {
  expect(fullLine(...at(84, { phase }))).toMatch(expected);
});
