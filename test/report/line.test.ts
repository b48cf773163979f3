import { expect, test } from 'vitest';
import { fittedLine, fullLine, progress } from '../../src/report/line.js';
import { pace } from '../../src/report/pace.js';
import { snapshotAt } from './samples.js';

const MiB = 1_048_576;
const bar = (width: number): string => '='.repeat(width);
const at = (seconds: number, change = {}): [ReturnType<typeof snapshotAt>, ReturnType<typeof pace>] => {
  const snapshot = snapshotAt(seconds, change);
  return [snapshot, pace([snapshot])];
};
const unknown = { bytes: { read: 84 * MiB, total: null, decoded: 168 * MiB, sent: MiB } };
const rejected = { points: { read: 900_000, loaded: 840_000, rejected: 12 } };

test.each([
  [at(84), '42%  840,000 points  10,000/s  2.0 MiB/s  ETA 1m 56s  in flight 5/6  resident 231/512 MiB  0 rejected'],
  [at(84, unknown), '840,000 points  10,000/s  2.0 MiB/s  in flight 5/6  resident 231/512 MiB  0 rejected'],
  [at(200), '100%  2,000,000 points  10,000/s  2.0 MiB/s  in flight 5/6  resident 231/512 MiB  0 rejected'],
])('the full line says it all: %#', ([snapshot, speed], expected) => {
  expect(fullLine(snapshot, speed)).toBe(expected);
});

test.each([
  [40, at(84), ' 42%  840,000 pts  2.0 MiB/s  1m 56s'],
  [39, at(84, rejected), ' 42%  840,000 pts  2.0 MiB/s  12 rej'],
  [50, at(84), ' 42%  840,000 pts  2.0 MiB/s  1m 56s  5/6'],
  [20, at(84), ' 42%  840,000 pts'],
  [40, at(84, unknown), '840,000 pts  2.0 MiB/s  5/6  231/512 MiB'],
  [
    130,
    at(84),
    ' 42% [=========================]  840,000 points  10,000/s  2.0 MiB/s  ETA 1m 56s  in flight 5/6  resident 231/512 MiB  0 rejected',
  ],
])('at %i columns what matters least is left out', (width, [snapshot, speed], expected) => {
  const line = fittedLine(snapshot, speed, width, bar);
  expect(line).toBe(expected);
});

test('no width from 1 to 200 is exceeded, with or without a total', () => {
  const lines = Array.from({ length: 200 }, (_, i) => i + 1).flatMap((width) =>
    [{}, unknown, rejected].map((change) => ({ width, line: fittedLine(...at(84, change), width, bar) })),
  );
  expect(lines.filter(({ width, line }) => line.length > width)).toEqual([]);
});

test('an unknown total is never shown as a share', () => {
  for (const width of [40, 80, 200]) expect(fittedLine(...at(84, unknown), width, bar)).not.toMatch(/%|ETA|=/);
});

test.each([
  [{ read: 0, total: 0, decoded: 0, sent: 0 }, 1],
  [{ read: 5, total: 4, decoded: 0, sent: 0 }, 1],
  [{ read: 1, total: 4, decoded: 0, sent: 0 }, 0.25],
  [{ read: 1, total: null, decoded: 0, sent: 0 }, null],
])('progress of %j is %s', (bytes, expected) => {
  expect(progress(snapshotAt(1, { bytes }))).toBe(expected);
});
