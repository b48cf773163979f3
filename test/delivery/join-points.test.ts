import fc from 'fast-check';
import { expect, test } from 'vitest';
import { tokenize } from '../../src/core/points/line-protocol.js';
import { joinPoints, joinSparse } from '../../src/delivery/join-points.js';
import { batchOf, named, rejected, scene } from './support.js';

function joined(lines: readonly string[], from = 0): string[] | null {
  const body = joinPoints(batchOf(lines), { from, to: lines.length });
  if (body === null) return null;
  const found = Buffer.from(body.bytes).toString().split('\n').slice(0, -1);
  expect(body.linesPerPoint).toBe(found.length / (lines.length - from));
  return found;
}

test('points of one series and time become one line, in the order of their first points', () => {
  const lines = ['m,t=a f=1 7', 'm,t=a f=2 8', 'm,t=b f=3 7', 'm,t=a g="x y" 7', 'm,t=a h=t 7', 'm,t=b g=4i 7'];
  expect(joined(lines)).toEqual(['m,t=a f=1,g="x y",h=t 7', 'm,t=a f=2 8', 'm,t=b f=3,g=4i 7']);
  expect(joined(lines, 2)).toEqual(['m,t=b f=3,g=4i 7', 'm,t=a g="x y",h=t 7']);
});

test('a later value of a field follows the earlier one, and points with several fields are kept', () => {
  expect(joined(['m a=1 7', 'm b=1 7', 'm a=2 7', 'm b=2 7'])).toEqual(['m a=1,b=1 7', 'm a=2,b=2 7']);
  const several = ['m a=1 7', 'm b=1 7', 'm c=1 7', 'm c=2,d=2 7', 'm c=3 7', 'm d=3 7'];
  expect(joined(several)).toEqual(['m a=1,b=1,c=1 7', 'm c=2,d=2 7', 'm c=3,d=3 7']);
});

test('escaped spaces do not end a key', () => {
  const lines = ['m\\ x,t=a\\ b f\\ 1=1 7', 'm\\ x,t=a\\ b g=1 7', 'm,t=\\\\ f="a b" 7', 'm,t=\\\\ g="a c" 7'];
  expect(joined(lines)).toEqual(['m\\ x,t=a\\ b f\\ 1=1,g=1 7', 'm,t=\\\\ f="a b",g="a c" 7']);
});

test.each([
  ['few points of the same series and time', ['m a=1 1', 'm a=1 2', 'm a=1 3', 'm a=1 4', 'm b=1 4']],
  ['a point without a timestamp', ['m a=1 7', 'm b=1 7', 'm c=1']],
  ['spaces before a timestamp', ['m a=1 7', 'm b=1 7', 'm c=1  7']],
  ['spaces after a timestamp', ['m a=1 7', 'm b=1 7', 'm c=1 7 ']],
  ['spaces before fields', ['m a=1 7', 'm b=1 7', 'm  c=1 7']],
  ['spaces before a table', ['m a=1 7', 'm b=1 7', ' m c=1 7']],
])('no points are joined with %s', (_, lines) => {
  expect(joined(lines)).toBeNull();
});

test('joined points leave the same last value of every field', () => {
  const pick = (...texts: string[]) => fc.constantFrom(...texts);
  const field = fc.tuple(pick('a', 'b', 'c\\ d', 'e'), pick('1', '2', '"x, y"', '"="')).map((pair) => pair.join('='));
  const point = fc
    .tuple(
      pick('m', 'm,t=a', 'm\\ ,t=\\,'),
      fc.oneof({ weight: 6, arbitrary: field }, pick('a=1,b=2')),
      pick('1', '-2'),
    )
    .map((parts) => parts.join(' '));
  const values = (lines: readonly string[]): Map<string, string> =>
    new Map(
      lines.flatMap((line) => {
        const { table, tags, fields, time } = tokenize(Buffer.from(line));
        return fields.map(([name, value]) => [JSON.stringify([table, tags, time, name]), value] as const);
      }),
    );
  fc.assert(
    fc.property(fc.array(point, { minLength: 1, maxLength: 40 }), (lines) => {
      expect(values(joined(lines) ?? lines)).toEqual(values(lines));
    }),
  );
});

const sparse = ['m a=1 7', 'm b=1 7', 'm c=1 7', 'm d=1 7'];

test('only points of tables with far more fields than values are joined', () => {
  const range = { from: 0, to: 4 };
  expect(joinSparse({ ...batchOf(sparse), slots: 15 }, range)).toBeNull();
  expect(joinSparse({ ...batchOf(sparse), slots: 16 }, range)?.linesPerPoint).toBe(1 / 4);
});

test('the points of a refused line are sent again as they are, and only the bad one is rejected', async () => {
  const bad = (lines: readonly string[]) => lines.some((line) => line.includes('c=1'));
  const seen: number[] = [];
  const { deliver, target } = scene((lines) => (bad(lines) ? rejected() : { kind: 'accepted' }), {
    join: joinPoints,
    observe: (_attempt, _batch, _bytes, _retry, { linesPerPoint }) => seen.push(linesPerPoint),
  });
  const { receipt } = await deliver(batchOf(sparse));
  expect(target.requests.map(({ lines }) => lines)).toEqual([
    ['m a=1,b=1,c=1,d=1 7'],
    sparse,
    ['m a=1,b=1 7'],
    ['m c=1,d=1 7'],
    sparse.slice(2),
    ['m c=1 7'],
    ['m d=1 7'],
  ]);
  expect(receipt.rejected.map(({ point }) => point)).toEqual([2]);
  expect(seen).toEqual([1 / 4, 1, 1 / 2, 1 / 2, 1, 1, 1]);
  expect(receipt.undelivered).toEqual([]);
});

test('bodies that cannot be joined are sent once', async () => {
  const { deliver, target } = scene(() => ({ kind: 'accepted' }), { join: joinPoints });
  await deliver(batchOf(named(3)));
  expect(target.requests.map(({ lines }) => lines)).toEqual([named(3)]);
});
