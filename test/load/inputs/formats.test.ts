// Formats of rows through the whole program: points in the cluster, dead letters, and resumed loads.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { balances, lines, type Scene, scene } from '../../support/scene.js';

let it: Scene;

beforeEach(async () => {
  it = await scene();
});
afterEach(() => it.end());

const header = 'time,host,v\n';
const mapping = ['--measurement', 'cpu', '--tags', 'host', '--fields', 'v:float'];

function rows(count: number, row: (i: number) => string = (i) => `${1640995200000000000n + BigInt(i)},h${i % 9},${i}`) {
  return Array.from({ length: count }, (_, i) => `${row(i)}\n`).join('');
}

test('a CSV file is detected by its content and loaded', async () => {
  const path = await it.file('a.txt', header + rows(3000));
  const { code, summary } = await it.load([...mapping, path]);
  expect(code).toBe(0);
  expect(summary?.points).toEqual({ read: 3000, loaded: 3000, rejected: 0, undelivered: 0 });
  expect(summary?.inputs[0]?.format).toBe('csv');
  expect(it.cluster.points()).toBe(3000);
});

test('files of several formats are loaded together, compressed or not', async () => {
  await it.file('a.lp', lines(1000));
  await it.file('b.csv.gz', gzipSync(header + rows(500)));
  await it.file(
    'c.tsv',
    (header + rows(400, (i) => `${1740995200000000000n + BigInt(i)},t,${i}`)).replaceAll(',', '\t'),
  );
  const { code, summary } = await it.load([...mapping, join(it.folder, '[abc].*')]);
  expect(code).toBe(0);
  expect(summary?.inputs.map(({ format, loaded }) => [format, loaded])).toEqual([
    ['lp', 1000],
    ['csv', 500],
    ['tsv', 400],
  ]);
  expect(it.cluster.points()).toBe(1900);
});

test('rejected rows are kept with the header of their file and load once they are fixed', async () => {
  const a = await it.file('a.csv', `${header}${rows(10)}1640995200000000100,h,oops\n1,2\n`);
  const b = await it.file('b.csv', `host,time,v\n${rows(10, (i) => `b,164099520000000000${i},1`)}"b\nc",x,1\n`);
  const { code, summary } = await it.load([...mapping, a, b]);
  expect(code).toBe(8);
  expect(summary?.rejects.byReason).toEqual({ 'bad-number': 1, 'ragged-row': 1, 'newline-in-name': 1 });
  const letters = await Promise.all(summary!.rejects.deadLetters!.map((path) => readFile(path, 'utf8')));
  expect(letters.sort()).toEqual(['host,time,v\n"b\nc",x,1\n', `${header}1640995200000000100,h,oops\n1,2\n`]);
  const mended = letters[1]!.replace('oops', '1').replace('1,2', '1640995200000000101,h,2');
  const again = await it.load([...mapping, await it.file('mended.csv', mended)]);
  expect(again.summary?.points).toEqual({ read: 2, loaded: 2, rejected: 0, undelivered: 0 });
});

test('rejected TSV rows load again as TSV', async () => {
  const text = `${header}${rows(10)}1640995200000000100,h,oops\n`.replaceAll(',', '\t');
  const { summary } = await it.load([...mapping, await it.file('a.tsv', text)]);
  const [letters] = summary!.rejects.deadLetters!;
  expect(letters).toMatch(/\.tsv$/);
  const mended = (await readFile(letters!, 'utf8')).replace('oops', '1');
  const again = await it.load([...mapping, await it.file('mended', mended)]);
  expect(again.summary?.points).toEqual({ read: 1, loaded: 1, rejected: 0, undelivered: 0 });
});

test('a load killed in the middle of a CSV file resumes with its header', async () => {
  const text =
    header +
    rows(6000, (i) => (i % 50 === 7 ? `bad,"${i}\n",1` : `${1640995200000000000n + BigInt(i)},"h\u00fc",${i}`));
  const path = await it.file('a.csv.gz', gzipSync(text));
  const args = [...mapping, '--batch-points', '100', '--workers', '3', path];
  await it.endAt(500, it.start(args), 'SIGKILL');
  await it.endAt(2000, it.begin(args), 'SIGTERM');
  await it.endAt(4000, it.start(args), 'SIGKILL');
  const { code, summary } = await it.load(args);
  expect(code).toBe(8);
  expect(summary?.points).toEqual({ read: 6000, loaded: 5880, rejected: 120, undelivered: 0 });
  expect(summary?.inputs[0]?.resumedFromByte).toBeGreaterThan(0);
  expect(it.cluster.points()).toBe(5880);
  const [letters] = summary!.rejects.deadLetters!;
  const found = (await readFile(letters!, 'utf8')).match(/^bad,"\d+\n",1\n/gm);
  expect(found?.length).toBe(120);
  expect((await readFile(letters!, 'utf8')).startsWith(header)).toBe(true);
  expect(balances(summary!)).toBe(true);
});

test('columns that contradict the options end with exit code 2 before anything is sent', async () => {
  const bad = await it.file('bad.csv', 'when,v\n1,2\n');
  const first = await it.load([...mapping, bad]);
  expect(first.code).toBe(2);
  expect(first.stderr).toContain('--time-column');
  const good = await it.file('good.csv', header + rows(30_000));
  const { code } = await it.load([...mapping, '--batch-points', '1000', good, bad]);
  expect(code).toBe(2);
  expect(it.cluster.points()).toBe(0);
});

test.each([
  ['an NDJSON file', 'a.ndjson', (all: string) => all, []],
  ['a JSON list', 'a.json', (all: string) => `[${all.trim().replaceAll('\n', ',\n ')}]`, []],
  [
    'a JSON list that lies deeper',
    'a.json',
    (all: string) => `{"data": {"items": [${all.trim().replaceAll('\n', ',')}]}}`,
    ['--json-path', 'data.items'],
  ],
])('a killed load of %s resumes, and its rejected rows load again', async (_, name, written, how) => {
  const row = (i: number): string =>
    `{"time":${1640995200000000000n + BigInt(i)},"host":"h${i % 9}","a":{"v":${i % 100 === 7 ? '1.5' : i}}}`;
  const path = await it.file(name, written(rows(6000, row)));
  const args = ['--measurement', 'cpu', '--tags', 'host', '--fields', 'a.v:integer:v', '--batch-points', '100'];
  await it.endAt(1000, it.begin([...args, ...how, path]), 'SIGTERM');
  await it.endAt(3000, it.start([...args, ...how, path]), 'SIGKILL');
  const { code, summary } = await it.load([...args, ...how, path]);
  expect(code).toBe(8);
  expect(summary?.points).toEqual({ read: 6000, loaded: 5940, rejected: 60, undelivered: 0 });
  expect(it.cluster.points()).toBe(5940);
  const letters = await readFile(summary!.rejects.deadLetters![0]!, 'utf8');
  const mended = await it.load([...args, await it.file('mended.rows', letters.replaceAll('1.5', '1'))]);
  expect(mended.summary?.points).toEqual({ read: 60, loaded: 60, rejected: 0, undelivered: 0 });
});

test('a killed load of annotated CSV resumes with its annotations, and its rejected rows load again', async () => {
  const table = (kind: string, from: number): string =>
    `#datatype,string,long,dateTime:number,${kind},string,string,string\n#group,false,false,false,false,true,true,true\n` +
    '#default,_result,,,,,,\n,result,table,_time,_value,_field,_measurement,host\n' +
    `${rows(
      1500,
      (i) => `,,0,${1640995200000000000n + BigInt(from + i)},${i % 100 === 7 ? 'x' : i},${kind},cpu,"h\n${i % 9}"`,
    )
      .replaceAll('"h\n', '"h')
      .replaceAll('\n', '\r\n')}\r\n`;
  const kinds = ['long', 'double', 'unsignedLong', 'string'];
  const text = kinds.map((kind, i) => table(kind, i * 1500)).join('');
  const args = ['--batch-points', '100', '--workers', '3', await it.file('a.csv.gz', gzipSync(text))];
  await it.endAt(500, it.start(args), 'SIGKILL');
  await it.endAt(2000, it.begin(args), 'SIGTERM');
  await it.endAt(4000, it.start(args), 'SIGKILL');
  const { code, summary } = await it.load(args);
  expect(code).toBe(8);
  expect(summary?.points).toEqual({ read: 6000, loaded: 5955, rejected: 45, undelivered: 0 });
  expect(it.cluster.points()).toBe(5955);
  expect([...it.cluster.tables().get('cpu')!]).toEqual(
    expect.arrayContaining([
      ['long', 'integer'],
      ['double', 'float'],
      ['unsignedLong', 'unsigned'],
      ['string', 'string'],
    ]),
  );
  const letters = await Promise.all(summary!.rejects.deadLetters!.map((path) => readFile(path, 'utf8')));
  expect(letters).toHaveLength(3);
  const mended = await Promise.all(letters.map((each, i) => it.file(`mended${i}.csv`, each.replaceAll(',x,', ',7,'))));
  const again = await it.load(mended);
  expect(again.summary?.points).toEqual({ read: 45, loaded: 45, rejected: 0, undelivered: 0 });
});
