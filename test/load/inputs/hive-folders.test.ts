// Columns in the names of folders, and constant tags, through the whole program.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { problemsIn } from '../../support/programs/problems.js';
import { balances, type Scene, scene } from '../../support/scene.js';
import { startFiles } from '../../support/servers/files.js';
import { bucket, startS3 } from '../../support/servers/s3.js';

let it: Scene;
beforeEach(async () => {
  it = await scene();
});
afterEach(() => it.end());

const time = '1640995200000000000';
const csv = `time,v\n${time},1\n`;

async function put(name: string, content: string): Promise<string> {
  const path = join(it.folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  return path;
}

/** The points of a dry run, in order of their text. */
async function points(args: readonly string[], env: Record<string, string> = {}): Promise<string[]> {
  const out = join(it.folder, 'points.lp');
  const { code, stderr } = await it.load([`--dry-run=${out}`, '--measurement', 'm', ...args], { env });
  expect(code, stderr).toBe(0);
  return (await readFile(out, 'utf8')).trimEnd().split('\n').sort();
}

test.each([
  ['csv', csv],
  ['tsv', csv.replaceAll(',', '\t')],
  ['ndjson', `{"time":${time},"v":1}\n`],
  ['json', `[{"time":${time},"v":1}]`],
])('rows of %s below host=a and host=b keep their hosts', async (ending, content) => {
  await put(`d/host=a/p.${ending}`, content);
  await put(`d/host=b/p.${ending}`, content);
  const expected = [`m,host=a v=1 ${time}`, `m,host=b v=1 ${time}`];
  expect(await points([join(it.folder, 'd')])).toEqual(expected);
  expect(await points([join(it.folder, `d/*/*.${ending}`)])).toEqual(expected);
  expect(await points([join(it.folder, `d/host=a/p.${ending}`), join(it.folder, 'd/host=b')])).toEqual(expected);
});

test('Parquet of pyarrow with partitions keeps the partitions', async () => {
  expect(await points([fileURLToPath(new URL('../../../fixtures/cases/hive', import.meta.url))])).toEqual([
    'm,host=a v=1 1704164645000000000',
    'm,host=a v=2 1704164646000000000',
    'm,host=b v=3 1704164645000000000',
    'm,host=b v=4 1704164646000000000',
  ]);
});

test('folders of web servers and S3 are columns as well', async () => {
  const [web, s3] = await Promise.all([startFiles({ '/d/host=a%2520b/p.csv': csv }), startS3()]);
  s3.put('d/host=c/p.csv', csv);
  expect(await points([`${web.url}/d/host=a%2520b/p.csv`, `s3://${bucket}/d/`], s3.env)).toEqual([
    `m,host=a\\ b v=1 ${time}`,
    `m,host=c v=1 ${time}`,
  ]);
  await Promise.all([web.stop(), s3.stop()]);
});

test('options make a folder a field, the table, the time or half of it, or rename its tag', async () => {
  const path = await put('d/t=cpu/day=2022-01-02/n=7/p.csv', `clock,v\n10:00:00,1\n`);
  expect(
    await points([
      ...['--measurement', '{t}', '--time-column', 'day,clock', '--time-format', '%Y-%m-%d %H:%M:%S'],
      ...['--fields', 'v,n:integer', path],
    ]),
  ).toEqual(['cpu v=1,n=7i 1641117600000000000']);
  expect(await points(['--time-column', 'day', '--tags', 'n:number', '--fields', 'v:integer', path])).toEqual([
    'm,t=cpu,number=7 v=1i 1641081600000000000',
  ]);
});

test('a folder named measurement is the table when no column names it', async () => {
  const path = await put('d/measurement=cpu/p.csv', csv);
  const out = join(it.folder, 'points.lp');
  await it.load([`--dry-run=${out}`, path]);
  expect(await readFile(out, 'utf8')).toBe(`cpu v=1 ${time}\n`);
});

test('--add-tag adds a tag to the rows of all inputs', async () => {
  const path = await put('d/host=a/p.csv', csv);
  expect(await points(['--add-tag', 'site=b,c', '--add-tag', 'x==', path])).toEqual([
    `m,host=a,site=b\\,c,x=\\= v=1 ${time}`,
  ]);
});

test('--hive-partitioning off ignores the folders', async () => {
  const path = await put('d/host=a/p.csv', csv);
  expect(await points(['--hive-partitioning', 'off', path])).toEqual([`m v=1 ${time}`]);
});

test.each([
  ['d/host=a/p.csv', `time,host,v\n${time},z,1\n`, []],
  ['d/host=a/p.ndjson', `{"time":${time},"host":"z","v":1}\n`, []],
  ['d/host=a/host=b/p.csv', csv, []],
  ['d/p.csv', `time,host,v\n${time},z,1\n`, ['--add-tag', 'host=a']],
])('%s, whose column host has two places, is refused before sending', async (name, content, options) => {
  const path = await put(name, content);
  const { code, stderr } = await it.load(['--measurement', 'm', ...options, path]);
  expect(code).toBe(2);
  expect(problemsIn(stderr)).toContain('expected the values of host in one place');
  expect(it.cluster.points()).toBe(0);
});

test('the values of the rows are taken with --hive-partitioning off', async () => {
  const path = await put('d/host=a/p.csv', `time,host,v\n${time},z,1\n`);
  expect(await points(['--hive-partitioning', 'off', '--tags', 'host', path])).toEqual([`m,host=z v=1 ${time}`]);
});

test('a folder whose value contradicts its type is refused before sending', async () => {
  const path = await put('d/n=x/p.csv', csv);
  const { code, stderr } = await it.load(['--measurement', 'm', '--fields', 'v,n:integer', path]);
  expect(code).toBe(2);
  expect(problemsIn(stderr)).toContain('p.csv: expected a value of type integer');
});

test('line protocol in such folders is loaded as it is, with a warning, and refused with --add-tag', async () => {
  const path = await put('d/host=a/p.lp', `m,t=a v=1 ${time}\n`);
  const loaded = await it.load([path]);
  expect(loaded.code).toBe(0);
  expect(loaded.stderr).toContain('(host=a) do not become tags, because line protocol has its own tags');
  const refused = await it.load(['--add-tag', 'x=y', path]);
  expect(refused.code).toBe(2);
  expect(problemsIn(refused.stderr)).toContain('found line protocol, which has its own tags');
});

test('rejected rows load again with the columns of their folders', async () => {
  await put('d/host=a/p.csv', `time,v\n${time},1\n${time}0,2\n`);
  await put('d/host=b/p.ndjson', `{"time":${time},"v":1}\n{"time":"?","v":2}\n`);
  const mapping = ['--measurement', 'm', '--fields', 'v:float'];
  const { code, summary } = await it.load([...mapping, join(it.folder, 'd')]);
  expect(code).toBe(8);
  expect(summary && balances(summary)).toBe(true);
  const letters = summary!.rejects.deadLetters!;
  expect(letters.map((path) => path.slice(it.stateDir.length).replace(/\/[^/]+$/, ''))).toEqual(['/host=a', '/host=b']);
  for (const [i, path] of letters.entries()) {
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace(/"\?"|16409952000000000000/, String(BigInt(time) + BigInt(i) + 1n)));
  }
  expect(await points(['--fields', 'v:float', ...letters])).toEqual([
    `m,host=a v=2 1640995200000000001`,
    `m,host=b v=2 1640995200000000002`,
  ]);
});

test('a resumed load keeps the columns of folders and appends to their rejected rows', async () => {
  const rows = Array.from({ length: 4000 }, (_, i) => `${BigInt(time) + BigInt(i)},${i % 1000 === 7 ? 'x' : i}\n`).join(
    '',
  );
  const path = await put('d/host=a/p.csv', `time,v\n${rows}`);
  const args = ['--measurement', 'm', '--fields', 'v:float', '--batch-points', '100', '--workers', '1', path];
  const stopped = await it.endAt(2000, it.begin(args), 'SIGTERM');
  expect(stopped.code).toBe(143);
  const { code, summary } = await it.load(args);
  expect([code, summary?.points]).toEqual([8, { read: 4000, loaded: 3996, rejected: 4, undelivered: 0 }]);
  expect(summary?.rejects.deadLetters?.length).toBe(1);
  expect((await readFile(summary!.rejects.deadLetters![0]!, 'utf8')).split('\n').length).toBe(6);
  expect(it.cluster.points()).toBe(3996);
});
