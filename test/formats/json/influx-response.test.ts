// Responses of InfluxDB 1's /query endpoint as an input.

import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { InputError } from '../../../src/core/errors.js';
import { detect } from '../../../src/formats/detect.js';
import { Json } from '../../../src/formats/json/json.js';
import { RowFormatMemory } from '../../../src/formats/rows/rows.js';
import { field, type Options, plain, tag } from '../rows/support.js';
import { bytesSource, readAll } from '../support.js';

async function read(text: string | Buffer, options: Partial<Options> = {}, chunks: readonly number[] = []) {
  const json = new Json(new RowFormatMemory({ ...plain, measurement: null, ...options }), null);
  const source = json.reads(bytesSource(Buffer.from(text as string), chunks), 'a.json');
  const { name, memoryBytes } = json;
  const points = (_: unknown, signal: AbortSignal) => json.points(source, signal);
  const all = await readAll({ name, memoryBytes, points }, Buffer.from(''), []);
  return { points: all.points.map((each) => each.text), rejects: all.rejects.map(({ reason }) => reason) };
}

const grouped = {
  results: [
    {
      statement_id: 0,
      series: [
        {
          name: 'cpu',
          tags: { host: 'a b', region: 'eu' },
          columns: ['time', 'usage', 'ok', 'note'],
          values: [
            [1640995200000000000, 1.5, true, 'x "y"'],
            ['2022-01-01T00:00:00.000000001Z', null, false, null],
          ],
        },
        {
          name: 'cpu',
          tags: { host: 'b', region: '' },
          columns: ['time', 'usage'],
          values: [[1640995200000000000, 2]],
        },
      ],
    },
    { statement_id: 1, series: [{ name: 'mem', columns: ['time', 'free'], values: [[1640995200000000000, 3]] }] },
    { statement_id: 2 },
  ],
};
const points = [
  'cpu,host=a\\ b,region=eu usage=1.5,ok=t,note="x \\"y\\"" 1640995200000000000',
  'cpu,host=a\\ b,region=eu ok=f 1640995200000000001',
  'cpu,host=b usage=2 1640995200000000000',
  'mem free=3 1640995200000000000',
];

test('series and tags of an InfluxDB 1 response become points, over several series and results', async () => {
  expect(await read(JSON.stringify(grouped))).toEqual({ points, rejects: [] });
  expect((await read(JSON.stringify(grouped, null, 4), {}, Array(3000).fill(7))).points).toEqual(points);
});

test('a chunked InfluxDB 1 response is read as one', async () => {
  const chunk = (value: number) =>
    JSON.stringify({
      results: [{ series: [{ name: 'm', columns: ['time', 'v'], values: [[value, value]], partial: true }] }],
    });
  const last = JSON.stringify({
    results: [{ series: [{ name: 'm', tags: { t: 'x' }, columns: ['time', 'v'], values: [[3, 3]] }] }],
  });
  expect((await read(`${chunk(1)}\n${chunk(2)}\n${last}\n`)).points).toEqual(['m v=1 1', 'm v=2 2', 'm,t=x v=3 3']);
});

test('columns of an ungrouped InfluxDB 1 response are tags when --tags names them', async () => {
  const text = await readFile(new URL('../../../fixtures/cases/influx-v1-query.json', import.meta.url));
  expect(detect(text, 'x.txt')).toBe('json');
  const options = { tags: [tag('host')], fields: [field('value', 'integer')] };
  expect((await read(text, options)).points).toEqual([
    'sample.technology.change,host=srt1.tre.ret value=0i 1461949527000000000',
  ]);
  expect((await read(text, { ...options, measurement: 'm' })).points).toEqual([
    'm,host=srt1.tre.ret value=0i 1461949527000000000',
  ]);
});

test.each([
  ['{"results":[{"statement_id":0,"error":"database not found: x"}]}', 'found the error "database not found: x"'],
  ['{"results":[{"error":"timeout"}]}', 'found the error "timeout"'],
  [
    '{"results":[{"series":[{"name":"m","columns":["time","v"],"values":[[1]]}]}]}',
    'expected a row of 2 values, found 1 value',
  ],
  [
    '{"results":[{"series":[{"name":"m","columns":["time","v"],"values":[[1,[2]]]}]}]}',
    'expected rows of plain values',
  ],
])('an InfluxDB 1 response that is no result is an input error: %s', async (text, message) => {
  const reading = read(text);
  await expect(reading).rejects.toThrow(InputError);
  await expect(reading).rejects.toThrow(message);
});

test('an object with another member called results is no InfluxDB 1 response', async () => {
  expect(detect(Buffer.from('{"results":[{"time":1}]}\n'), '-')).toBe('ndjson');
  expect((await read('{"results":[1],"time":1,"v":2}', { measurement: 'm', fields: [field('v')] })).points).toEqual([
    'm v=2 1',
  ]);
});
