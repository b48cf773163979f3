// `bulk-load audit` against the embedded server, as a user types it.

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuditSummary } from '../../src/core/types/index.js';
import { serve } from '../../src/serve/serve.js';
import { casesOf } from '../support/effort.js';
import { run } from '../support/programs/here.js';
import { start } from '../support/programs/process.js';

let folder: string;
let server: Awaited<ReturnType<typeof serve>>;
let names = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulk-load-test-'));
  server = await serve({ host: '127.0.0.1', port: 0, dataDir: null });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const time = 1_640_995_200_000_000_000n;
const line = (i: number, fields = `x=${i}.25,n=${i}i,s="s ${i}"`): string =>
  `cpu${i % 4},host=h${i % 50} ${fields} ${time + BigInt(i) * 1_000_000_000n}`;
const lines = (n: number): string[] => Array.from({ length: n }, (_, i) => line(i));

async function file(text: string | readonly string[], ending = 'lp'): Promise<string> {
  const path = join(folder, `${names++}.${ending}`);
  await writeFile(path, typeof text === 'string' ? text : text.map((each) => `${each}\n`).join(''));
  return path;
}

const newDb = (): string => `db${names++}`;
const common = (db: string): string[] => ['--url', server.url, '--db', db, '--state-dir', join(folder, `state-${db}`)];

async function load(db: string, path: string, ...args: string[]): Promise<void> {
  const { code, stderr } = await run([...common(db), '--create-db', '--workers', '1', ...args, path]);
  expect(stderr).toContain('Complete');
  expect(code).toBe(0);
}

async function audit(db: string, path: string, ...args: string[]) {
  const { code, stdout, stderr } = await run(['audit', ...common(db), '--summary', '-', ...args, path]);
  return { code, stderr, summary: (stdout === '' ? null : JSON.parse(stdout)) as AuditSummary };
}

test('inputs are equal to what a load made of them, whatever their types, names and order', async () => {
  const db = newDb();
  const path = await file(
    [
      `all,tag=a\\ b\\,c\\=d i=9223372036854775807i,j=-9007199254740993i,f=0.1,s="it's \\"so\\" \\\\ x",b=true ${time}`,
      `all,tag=Ünïcode i=-9223372036854775808i,u=18446744073709551615u,f=-0.0 ${time + 1n}`,
      `all f=1e-300,b=f,s="" ${time + 2n}`,
      `all f=179769313486231570000000,s="two\nlines" ${time + 3n}`,
      `all,other=x f=5e-324 ${time + 4n}`,
      `all,other=x f=1 ${time + 4n}`,
      `all,other=x i=1i ${time + 4n}`,
      `some\\ table,k=v f=3 ${time}`,
    ]
      .map((each) => `${each}\n`)
      .join(''),
  );
  await load(db, path);
  const { code, stderr, summary } = await audit(db, path);
  expect(stderr).toContain('Equal: the target holds exactly the values of the inputs.');
  expect(code).toBe(0);
  expect(summary).toMatchObject({
    outcome: 'complete',
    inputs: { points: 8, values: 17, overwritten: 1, rejected: 0 },
  });
});

describe('100 planted faults', () => {
  const all = lines(3_000);
  const faulty = [...all];
  const kinds = ['value', 'last bit', 'other column', 'missing', 'extra', 'other time'] as const;
  for (let k = 0; k < 100; k += 1) {
    const i = 20 + k * 29;
    const kind = kinds[k % kinds.length];
    if (kind === 'value') faulty[i] = line(i, `x=${i}.25,n=${i + 1}i,s="s ${i}"`);
    else if (kind === 'last bit') faulty[i] = line(i, `x=${nextUp(i + 0.25)},n=${i}i,s="s ${i}"`);
    else if (kind === 'other column') faulty[i] = line(i, `x=${i}.25,m=${i}i,s="s ${i}"`);
    else if (kind === 'missing') faulty[i] = '';
    else if (kind === 'extra') faulty.push(`cpu0,host=new${i} x=1 ${time + BigInt(i) * 1_000_000_000n}`);
    else faulty[i] = all[i]!.replace(/\d+$/, (text) => String(BigInt(text) + 1n));
  }
  // Values 17, last bits 17, columns 17, missing 17, extra 16, times 16 that are both missing and extra.
  const counts = { missing: 33, extra: 32, different: 51, overwritten: 0 };

  test('all are found, named in the summary and on the page, and --repair mends what is missing or different', async () => {
    const db = newDb();
    await load(db, await file(faulty.filter((each) => each !== '')));
    const path = await file(all);
    const page = join(folder, `${db}.html`);
    const { code, stderr, summary } = await audit(db, path, '--report', page);
    expect(code).toBe(9);
    expect(summary.differences).toMatchObject(counts);
    expect(summary.differences.listed).toHaveLength(33 + 32 + 51);
    expect(stderr).toContain('33 missing, 32 extra, 51 different, 0 outdated');
    expect(await readFile(page, 'utf8')).toContain('The target differs from the inputs.');
    const repaired = await audit(db, path, '--repair');
    expect(repaired.summary.repair).toMatchObject({ points: 84 });
    expect(repaired.code).toBe(9); // The extra points and fields stay.
    expect((await audit(db, path)).summary.differences).toMatchObject({ missing: 0, extra: 32, different: 17 });
  });
});

/** The next larger number. */
function nextUp(value: number): number {
  const bits = new BigInt64Array(1);
  const numbers = new Float64Array(bits.buffer);
  numbers[0] = value;
  bits[0] = bits[0]! + 1n;
  return numbers[0]!;
}

test('--repair makes a target equal that lacks points or holds other values', async () => {
  const db = newDb();
  const all = lines(1_000);
  const others = all.map((each, i) => (i === 55 ? line(55, 'x=-1') : each));
  await load(db, await file(others.filter((_, i) => i % 100 !== 7)));
  const path = await file(all);
  const { code, stderr, summary } = await audit(db, path, '--repair');
  expect(summary.differences).toMatchObject({ missing: 10, different: 1, extra: 0 });
  expect(stderr).toContain('Repaired: the target now holds exactly the values of the inputs.');
  expect(code).toBe(0);
  const again = await audit(db, path);
  expect(again.summary.windows.differing).toBe(0);
  expect(again.code).toBe(0);
  expect((await readdir(join(folder, `state-${db}`))).filter((name) => name.includes('audit'))).toEqual([]);
});

test.each(['ms', 's', 'us'] as const)(
  'timestamps in %s and rows of CSV are already compared as they were loaded',
  async (precision) => {
    const db = newDb();
    const units = { s: 1n, ms: 1_000n, us: 1_000_000n }[precision];
    const rows = Array.from({ length: 500 }, (_, i) => `h${i % 7},${i}.5,${i},${1_640_995_200n * units + BigInt(i)}`);
    const path = await file(['host,x,n,time', ...rows], 'csv');
    const mapping = ['--precision', precision, '--measurement', 'cpu', '--tags', 'host', '--fields', 'x,n:integer'];
    await load(db, path, ...mapping);
    const { code, summary } = await audit(db, path, ...mapping);
    expect(summary.inputs).toMatchObject({ points: 500, values: 1_000 });
    expect(code).toBe(0);
  },
);

test('a database in ms is compared in ms', async () => {
  const db = newDb();
  const path = await file(Array.from({ length: 100 }, (_, i) => `m,t=a x=${i} ${1_640_995_200_000 + i}`));
  await load(db, path, '--precision', 'ms', '--db-options', "PRECISION 'MS'");
  expect((await audit(db, path, '--precision', 'ms')).code).toBe(0);
});

test('points that a load rejects are counted and not compared', async () => {
  const db = newDb();
  const path = await file([...lines(10), 'no fields here', 'm x=1 1']);
  await run([...common(db), '--create-db', path]);
  const { code, stderr, summary } = await audit(db, path);
  expect(summary.inputs).toMatchObject({ points: 10, rejected: 2 });
  expect(stderr).toContain('2 points rejected, as in a load');
  expect(code).toBe(0);
});

test('an audit that was killed with kill -9 resumes, and its result is that of an audit that was not', async () => {
  const db = newDb();
  const all = lines(4_000);
  await load(db, await file(all.map((each, i) => (i % 500 === 3 ? line(i, 'x=0') : each))));
  const path = await file(all);
  const whole = await audit(db, path);
  const state = join(folder, `state-${db}`);
  const killed = start(['audit', ...common(db), '--rate-points', '750', path]);
  const progress = async (): Promise<string> => {
    const [own = ''] = (await readdir(state)).filter((name) => name.endsWith('.audit'));
    return await readFile(join(state, own, 'compared.ndjson'), 'utf8').catch(() => '');
  };
  while ((await progress()) === '') await sleep(20);
  killed.kill('SIGKILL');
  await killed.ended;
  const { code, stderr, summary } = await audit(db, path);
  expect(stderr).toMatch(/resuming the audit: [1-3] of 4 windows are already compared/);
  expect(summary.differences).toEqual(whole.summary.differences);
  expect(summary.target).toEqual(whole.summary.target);
  expect(code).toBe(9);
});

// On a busy machine the collector may be late once.
test('memory stays within the limit while every point differs', { retry: 2 }, async () => {
  const db = newDb();
  const many = casesOf(1_000_000, 10_000);
  const text = 'a longer text for each of the points, so that there is something to hold in memory';
  const path = await file(Array.from({ length: many }, (_, i) => line(i, `x=${i},s="${text} ${i}"`)));
  await load(db, await file(lines(100)));
  const ended = await start(['audit', ...common(db), '--memory-limit', '128MiB', '--summary', '-', path]).ended;
  const summary = JSON.parse(ended.stdout) as AuditSummary;
  expect(summary.differences).toMatchObject({ missing: many - 100, different: 100 });
  expect(summary.memory.peakRssBytes).toBeLessThanOrEqual(128 * 1024 * 1024);
});

test('--quiet prints nothing for equal sides, and --progress json prints JSON only', async () => {
  const db = newDb();
  const path = await file(lines(10));
  await load(db, path);
  expect((await run(['audit', ...common(db), '--quiet', path])).stderr).toBe('');
  const { stderr } = await run(['audit', ...common(db), '--progress', 'json', path]);
  const events = stderr.trimEnd().split('\n');
  expect(events.map((event) => JSON.parse(event) as object)).toMatchObject([
    { event: 'notice', message: 'comparing the target: 4 windows' },
    { event: 'end' },
  ]);
});

describe('what cannot be audited is refused in words', () => {
  test.each([
    [
      'a target without a query for whole tables',
      ['--target', 'victoriametrics'],
      2,
      'a target whose tables can be read back: cnosdb, influxdb1, influxdb3',
    ],
    [
      'generated timestamps',
      ['--missing-timestamp', 'now'],
      2,
      'a load, because only a load generates timestamps, and an audit cannot know them',
    ],
    ['a range that ends before it begins', ['--since', '2024', '--until', '2023'], 2, 'a time after --since'],
    ['a time that is none', ['--since', 'yesterday'], 2, 'such as 2024'],
    ['a dry run', ['--dry-run'], 2, 'a load, because only a load writes points; an audit reads points from the target'],
  ])('%s', async (_, args, code, words) => {
    const ended = await run(['audit', ...common('none'), ...args, await file(lines(1))]);
    expect(ended.stderr).toContain(words);
    expect(ended.code).toBe(code);
  });

  test('standard input, which can be read only once', async () => {
    const ended = await run(['audit', ...common('none'), '-'], { input: `${line(1)}\n` });
    expect(ended.stderr).toContain('a file or an object on a server, because an audit reads its inputs twice');
    expect(ended.code).toBe(2);
  });
});
