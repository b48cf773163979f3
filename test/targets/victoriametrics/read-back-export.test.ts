import { expect, test } from 'vitest';
import type { PointValues } from '../../../src/core/types/index.js';
import type { QueryClient, Question } from '../../../src/targets/lines/query-client.js';
import { readBack } from '../../../src/targets/victoriametrics/read-back-export.js';
import { flagsOf } from '../../../src/targets/victoriametrics/start-flags.js';

const { names } = flagsOf('');
const point: PointValues = {
  table: 'm',
  time: 5_000_000n,
  tags: new Map([['t', 'a']]),
  fields: new Map([
    ['f', 1.5],
    ['g', 2],
  ]),
};

/** A target that shows a field after so many flushes. */
function showing(after: { readonly f: number; readonly g: number }) {
  let flushes = 0;
  const waits: number[] = [];
  const line = (field: 'f' | 'g', value: number): string =>
    flushes < after[field]
      ? ''
      : `${JSON.stringify({ metric: { __name__: `m_${field}`, db: 'd', t: 'a' }, values: [value], timestamps: [5] })}\n`;
  const answer = ({ path }: Question): Promise<object> => {
    if (path === '/internal/force_flush') flushes += 1;
    return Promise.resolve({ status: 200, headers: {}, body: line('f', 1.5) + line('g', 2) });
  };
  const wait = (ms: number): Promise<void> => {
    waits.push(ms);
    return Promise.resolve();
  };
  return { asker: { answer, wait } as unknown as QueryClient, waits };
}

test('what is there at once costs no wait', async () => {
  const { asker, waits } = showing({ f: 1, g: 1 });
  expect(await readBack(asker, 'd', names, [point])).toEqual([point]);
  expect(waits).toEqual([]);
});

test('what is not seen yet, or not all of it, is asked for again', async () => {
  const { asker, waits } = showing({ f: 2, g: 3 });
  expect(await readBack(asker, 'd', names, [point])).toEqual([point]);
  expect(waits).toEqual([1000, 1000]);
});

test('what is never seen is missing, and what is seen of it is told', async () => {
  const never = Number.POSITIVE_INFINITY;
  const { asker, waits } = showing({ f: never, g: never });
  expect(await readBack(asker, 'd', names, [point])).toEqual([null]);
  expect(waits).toEqual([1000, 1000, 1000]);
  const half = await readBack(showing({ f: 1, g: never }).asker, 'd', names, [point]);
  expect(half.map((each) => each?.fields)).toEqual([new Map([['f', 1.5]])]);
});
