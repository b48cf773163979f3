import { expect, test } from 'vitest';
import type { PointValues } from '../../../src/core/types/index.js';
import { readBack } from '../../../src/targets/victoriametrics/read-back-export.js';
import { startFlags } from '../../../src/targets/victoriametrics/start-flags.js';
import { verdicts } from '../../../src/targets/victoriametrics/victoriametrics-verdicts.js';
import { realClock } from '../../support/clock.js';
import { scriptedQueryClient } from '../../support/targets/query-client.js';

const { names } = startFlags('');
const point: PointValues = {
  table: 'm',
  time: 5_000_000n,
  tags: new Map([['t', 'a']]),
  fields: new Map([
    ['f', 1.5],
    ['g', 2],
  ]),
};

/** A target that shows each field after that number of flushes. */
function showing(after: { readonly f: number; readonly g: number }) {
  let flushes = 0;
  const waits: number[] = [];
  const line = (field: 'f' | 'g', value: number): string =>
    flushes < after[field]
      ? ''
      : `${JSON.stringify({ metric: { __name__: `m_${field}`, db: 'd', t: 'a' }, values: [value], timestamps: [5] })}\n`;
  const sleep = (ms: number): Promise<void> => {
    waits.push(ms);
    return Promise.resolve();
  };
  const query = scriptedQueryClient(
    ({ path }) => {
      if (path === '/internal/force_flush') flushes += 1;
      return { status: 200, body: line('f', 1.5) + line('g', 2) };
    },
    { verdicts, clock: { ...realClock, sleep } },
  );
  return { query, waits };
}

test('a point that is visible at once costs no wait', async () => {
  const { query, waits } = showing({ f: 1, g: 1 });
  expect(await readBack(query, 'd', names, [point])).toEqual([point]);
  expect(waits).toEqual([]);
});

test('a point that is not fully visible yet is read again', async () => {
  const { query, waits } = showing({ f: 2, g: 3 });
  expect(await readBack(query, 'd', names, [point])).toEqual([point]);
  expect(waits).toEqual([1000, 1000]);
});

test('a point that never becomes visible is missing, and a visible field is returned', async () => {
  const never = Number.POSITIVE_INFINITY;
  const { query, waits } = showing({ f: never, g: never });
  expect(await readBack(query, 'd', names, [point])).toEqual([null]);
  expect(waits).toEqual([1000, 1000, 1000]);
  const half = await readBack(showing({ f: 1, g: never }).query, 'd', names, [point]);
  expect(half.map((each) => each?.fields)).toEqual([new Map([['f', 1.5]])]);
});
