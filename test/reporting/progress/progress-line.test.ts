import { expect, test } from 'vitest';
import type { Answers, LimitingFactor } from '../../../src/core/types/index.js';
import { pace } from '../../../src/reporting/progress/pace.js';
import { fittedLine, fullLine, progress } from '../../../src/reporting/progress/progress-line.js';
import { answers, snapshotAt } from '../samples.js';

const MiB = 1_048_576;
const brush = { bar: (width: number): string => '='.repeat(width), paint: (text: string): string => text };
const at = (seconds: number, change = {}): [ReturnType<typeof snapshotAt>, ReturnType<typeof pace>] => {
  const snapshot = snapshotAt(seconds, change);
  return [snapshot, pace([snapshot])];
};
const unknown = { bytes: { read: 84 * MiB, total: null, decoded: 168 * MiB, sent: MiB } };
const held = (cause: LimitingFactor) => ({
  heldBack: { target: 0, targetMemory: 0, ownMemory: 0, input: 0, rateLimit: 0, [cause]: 20 },
});
const high = { memory: { rssBytes: 430 * MiB, limitBytes: 512 * MiB, level: 'high' as const } };
const target = (what: Partial<Answers>, openSeconds = 0) => ({
  endpoints: [{ url: 'http://a', loaded: 1, openSeconds, answers: answers(what), p99Ms: 1 }],
});
const rejected = { points: { read: 900_000, loaded: 840_000, rejected: 12 } };

test.each([
  [at(84), '42%  840,000 points  10,000/s  ETA 1m 56s  memory 231/512 MiB  2.0 MiB/s  in flight 5/6  0 rejected'],
  [at(84, unknown), '840,000 points  10,000/s  memory 231/512 MiB  2.0 MiB/s  in flight 5/6  0 rejected'],
  [at(200), '100%  2,000,000 points  10,000/s  memory 231/512 MiB  2.0 MiB/s  in flight 5/6  0 rejected'],
])('the full line says it all: %#', ([snapshot, speed], expected) => {
  expect(fullLine(snapshot, speed)).toBe(expected);
});

test.each([
  [at(84, held('input')), /held back by input/],
  [at(84, held('rateLimit')), /held back by rate limit/],
  [at(84, held('targetMemory')), /held back by --target-memory/],
  [at(84, { ...held('ownMemory'), ...high }), /memory high 430\/512 MiB {2}held back by own memory/],
  [at(84, { ...held('target'), ...target({ overloaded: 9 }) }), /held back by target: overloaded/],
  [at(84, target({ dropped: 1 })), / {2}target: connection lost/],
  [at(84, target({ unreachable: 1 }, 3)), /1 of 1 endpoints left alone {2}target: unreachable/],
])('it says who is hurting: %#', ([snapshot, speed], expected) => {
  expect(fullLine(snapshot, speed)).toMatch(expected);
});

test('that an endpoint which is left alone is not to be reached goes without saying', () => {
  const two = { endpoints: [...target({ unreachable: 3 }, 5).endpoints, ...target({}).endpoints] };
  expect(fullLine(...at(84, two))).toMatch(/1 of 2 endpoints left alone {2}2\.0 MiB/);
});

test.each([
  [30, at(84, rejected), ' 42%  840,000 points  12 rej'],
  [40, at(84), ' 42%  840,000 points  10,000/s  1m 56s'],
  [40, at(84, unknown), '840,000 points  10,000/s  for 1m 24s'],
  [19, at(84), ' 42%  840,000 pts'],
  [49, at(84, { ...held('target'), ...target({ overloaded: 9 }) }), ' 42%  840,000 pts  10,000/s  1m 56s  overloaded'],
  [79, at(84), ' 42% [==============]  840,000 points  10,000/s  ETA 1m 56s  mem 45%  2.0 MiB/s'],
  [79, at(84, held('input')), ' 42% [========]  840,000 points  10,000/s  1m 56s  mem 45%  by input  2.0 MiB/s'],
  [
    79,
    at(84, { ...held('ownMemory'), ...high }),
    ' 42% [=========]  840,000 points  10,000/s  1m 56s  mem 84% high  by own memory',
  ],
  [
    140,
    at(84),
    ' 42% [==============================]  840,000 points  10,000/s  ETA 1m 56s  memory 231/512 MiB  2.0 MiB/s  in flight 5/6  0 rejected',
  ],
])('at %i columns what matters least is left out', (width, [snapshot, speed], expected) => {
  expect(fittedLine(snapshot, speed, width, brush)).toEqual({ text: expected, length: expected.length });
});

test('no width from 1 to 200 is exceeded, with or without a total', () => {
  const lines = Array.from({ length: 200 }, (_, i) => i + 1).flatMap((width) =>
    [{}, unknown, rejected, high, held('target'), target({ overloaded: 1 }, 3)].map((change) => ({
      width,
      ...fittedLine(...at(84, change), width, brush),
    })),
  );
  expect(lines.filter(({ width, text }) => text.length > width)).toEqual([]);
  expect(lines.filter(({ length, text }) => text.length !== length)).toEqual([]);
});

test('an unknown total is never shown as a share', () => {
  for (const width of [40, 80, 200]) expect(fittedLine(...at(84, unknown), width, brush).text).not.toMatch(/%|ETA|=/);
});

test.each([
  [{ read: 0, total: 0, decoded: 0, sent: 0 }, 1],
  [{ read: 5, total: 4, decoded: 0, sent: 0 }, 1],
  [{ read: 1, total: 4, decoded: 0, sent: 0 }, 0.25],
  [{ read: 1, total: null, decoded: 0, sent: 0 }, null],
])('progress of %j is %s', (bytes, expected) => {
  expect(progress(snapshotAt(1, { bytes }))).toBe(expected);
});
