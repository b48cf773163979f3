// Inputs from a web server, through the whole program.

import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import { type LoadFailed, load } from '../../../src/index.js';
import { urlInput } from '../../../src/inputs/http/url-input.js';
import { Web } from '../../../src/inputs/http/web-client.js';
import type { ClusterOptions } from '../../support/cluster/cluster.js';
import { zstd } from '../../support/data/zstd.js';
import { problemsIn } from '../../support/programs/problems.js';
import { balances, halfway, lines, type Result, type Scene, scene } from '../../support/scene.js';
import { type Files, startFiles } from '../../support/servers/files.js';
import { remote } from '../../support/servers/remote.js';
import { until } from '../../support/until.js';

let it: Scene;
let web: Files;

async function begin(files: Record<string, string | Uint8Array>, options?: ClusterOptions): Promise<void> {
  web = await startFiles(files);
  it = await scene(options);
}

afterEach(async () => {
  await it.end();
  await web.stop();
});

const small = ['--batch-points', '100', '--workers', '3'];
const two = ['--batch-points', '100', '--workers', '2'];
const header = 'time,host,v\n';
const mapping = ['--measurement', 'cpu', '--tags', 'host'];
const count = 4000;

function rows(): string {
  return (
    header + Array.from({ length: count }, (_, i) => `${1640995200000000000n + BigInt(i)},h${i % 9},${i}\n`).join('')
  );
}

/** Enough different points to exceed the 64 KiB that are read at open, even when compressed. */
function points(): string {
  return lines(count, 'm', (i) => `f=${i},g="${createHash('sha1').update(`${i}`).digest('hex')}"`);
}

async function stopped(args: readonly string[], points: number, signal: NodeJS.Signals = 'SIGINT'): Promise<Result> {
  return await it.endAt(points, it.begin(args), signal);
}

test('several URLs of several formats are loaded as files are', async () => {
  const zstd = await readFile(new URL('../../inputs/fixtures/frames.zst', import.meta.url));
  await begin({ '/a.lp': points(), '/b.csv.gz': gzipSync(rows()), '/c.lp.zst': zstd });
  const urls = ['a.lp', 'b.csv.gz', 'c.lp.zst'].map((name) => `${web.url}/${name}`);
  const { code, summary, stderr } = await it.load([...mapping, ...urls]);
  expect(code, stderr).toBe(0);
  expect(summary?.inputs.map(({ name, format, loaded }) => [name, format, loaded])).toEqual([
    [urls[0], 'lp', count],
    [urls[1], 'csv', count],
    [urls[2], 'lp', 400],
  ]);
  expect(it.cluster.points()).toBe(2 * count + 400);
});

// The other formats, and more kills at any moment: test/soak/remote.js.
test.each<[string, readonly string[], () => string | Uint8Array]>([
  ['gzip', [], () => gzipSync(points())],
  ['zstd', [], () => zstd(points())],
  ['CSV', mapping, rows],
])('killed and run again, %s from a URL is exact', { timeout: 60_000 }, async (_, options, content) => {
  const { options: cluster, goOn } = halfway();
  await begin({ '/a': content() }, cluster);
  const args = [...two, ...options, `${web.url}/a`];
  await it.killWithCheckpoint(it.start(args));
  goOn();
  const { code, summary, stderr } = await it.load(args);
  expect(stderr).toContain('resuming the load');
  expect(code).toBe(0);
  expect(summary?.points).toEqual({ read: count, loaded: count, rejected: 0, undelivered: 0 });
  expect(summary?.inputs[0]?.resumedFromByte).toBeGreaterThan(0);
  expect(it.cluster.points()).toBe(count);
});

test('a load survives broken connections and reports them', async () => {
  await begin({ '/a': points() });
  let broken = 0;
  web.act(({ headers }) =>
    /^bytes=[1-9]/.test(headers.range ?? '') && broken++ < 2 ? { cutAfter: 100_000, how: 'reset' } : undefined,
  );
  const { code, summary, stderr } = await it.load([`${web.url}/a`]);
  expect([code, summary?.points.loaded]).toEqual([0, count]);
  expect(broken).toBeGreaterThan(1);
  expect(stderr).toMatch(/reading http:\S+\/a: connection \w[\w ]*; resuming after [\d,]+ of [\d,]+ bytes/);
});

test('after a signal, no acknowledged point is sent again, and plain text is requested from the offset reached', async () => {
  await begin({ '/a': points() });
  expect((await stopped([...small, `${web.url}/a`], 2600, 'SIGTERM')).code).toBe(143);
  const before = web.asked.length;
  const { code, summary } = await it.load([...small, `${web.url}/a`]);
  expect(code).toBe(0);
  expect(it.cluster.writes.reduce((sum, { points }) => sum + points, 0)).toBe(count);
  const ranges = web.asked.slice(before).map(({ headers }) => headers.range);
  expect(ranges).toContain(`bytes=${summary!.inputs[0]!.resumedFromByte}-`);
});

test('an object replaced after the stop is loaded from its start', async () => {
  await begin({ '/a': points() });
  const args = [...small, `${web.url}/a`];
  await stopped(args, 2000);
  web.files.set('/a', Buffer.from(points().replaceAll('m,t=a', 'n,t=b')));
  const { code, summary, stderr } = await it.load(args);
  expect(code).toBe(0);
  expect(stderr).toContain('has changed since');
  expect(summary?.thisRun.read).toBe(count);
});

test('an object that changes while it is read ends with exit code 7, and the others are loaded', async () => {
  await begin({ '/a': points(), '/b': lines(100, 'b') });
  web.act(({ path, headers }) =>
    path === '/a' && /^bytes=[1-9]/.test(headers.range ?? '')
      ? { content: Buffer.from(points().replaceAll('f=', 'h=')) }
      : undefined,
  );
  const { code, summary } = await it.load([`${web.url}/a`, `${web.url}/b`]);
  expect(code).toBe(7);
  expect(summary?.inputs[0]?.error).toContain('changed while it was read');
  expect(summary?.inputs[1]).toMatchObject({ loaded: 100, error: null });
  expect(balances(summary!)).toBe(true);
});

/** A complete signature of AWS. */
function signature(n: number): string {
  return `X-Amz-Algorithm=A&X-Amz-Credential=C&X-Amz-Date=${n}&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=${n}`;
}

test('two URLs that differ in a parameter named like a secret are both loaded', async () => {
  await begin({ '/a': lines(100) });
  const { summary, stderr } = await it.load([`${web.url}/a?key=one`, `${web.url}/a?key=two`]);
  expect(summary?.points.loaded).toBe(200);
  expect(stderr).not.toMatch(/named twice|key=(one|two)/);
});

test('a URL that is named twice is loaded once with a note', async () => {
  await begin({ '/a': lines(100) });
  const { summary, stderr } = await it.load([`${web.url}/a`, `${web.url}/a?${signature(1)}`]);
  expect(summary?.points.loaded).toBe(100);
  expect(stderr).toContain(`${web.url}/a is named twice; bulk-load loads it once`);
});

test('a URL with a new signature each night is the same load, and --skip-loaded leaves it out', async () => {
  await begin({ '/a': points() });
  const signed = (n: number): string => `${web.url}/a?${signature(n)}`;
  await stopped([...small, signed(1)], 2000);
  const { code, summary } = await it.load([...small, signed(2)]);
  expect(code).toBe(0);
  expect(summary?.thisRun.read).toBeLessThan(count);
  expect(web.asked.at(-1)?.path).toContain('X-Amz-Signature=2');
  const again = await it.load(['--skip-loaded', signed(3)]);
  expect(again).toMatchObject({ code: 0, summary: { points: { read: 0 } } });
});

test('user, password and signatures of a URL appear in no output', async () => {
  await begin({ '/a': `${points()}bad\n` });
  web.act(({ headers }) => (headers.authorization === `Basic ${btoa('me:hush')}` ? undefined : { status: 401 }));
  const url = `${web.url.replace('//', '//me:hush@')}/a?token=hush`;
  const first = await stopped([...small, url], 1600, 'SIGTERM');
  expect(first.summary?.continueWith).toContain(`${web.url}/a`);
  const kept = await Promise.all((await readdir(it.stateDir)).map((name) => readFile(join(it.stateDir, name), 'utf8')));
  const { code, summary, stderr } = await it.load([...small, '--log-level', 'debug', url, `${url}&x=1`]);
  expect(code).toBe(8);
  const checked = it.begin(['check', url]);
  const texts = [first.stderr, JSON.stringify(first.summary), ...kept, stderr, JSON.stringify(summary)];
  const letters = await readFile(summary!.rejects.reasons!, 'utf8');
  expect([...texts, letters, (await checked.ended).stderr].join('\n')).not.toContain('hush');
  expect(letters).toContain(`"input":"${web.url}/a?token=***"`);
});

test('--limit, --in-order and check work with URLs as they do with files', async () => {
  await begin({ '/a': points(), '/b.gz': gzipSync(lines(100, 'b')) });
  const urls = [`${web.url}/a`, `${web.url}/b.gz`];
  const ordered = await it.load(['--in-order', ...urls]);
  expect(ordered.summary?.points.loaded).toBe(count + 100);
  expect((await it.load(['--limit', '50', '--fresh', urls[0]!])).summary?.points.read).toBe(50);
  const args = ['check', '--url', it.cluster.urls[0]!, '--db', 'db'];
  const { stderr } = await it.load([...args, ...urls]);
  expect(stderr).toContain(' + remote input 1.3 MiB + ');
  expect(stderr).toMatch(/^ +4,000 +0 {2}lp .* 1 table {2}\S+\/a$/m);
  expect(stderr).toMatch(/^ +100 +0 {2}lp, gzip +all of it {2}1 table {2}\S+\/b\.gz$/m);
});

test('a URL without an object ends with exit code 2, and nothing is loaded', async () => {
  await begin({ '/a': lines(100) });
  const { code, summary, stderr } = await it.load([`${web.url}/a`, `${web.url}/missing`]);
  expect([code, summary]).toEqual([2, null]);
  expect(stderr).toContain('404: the server has no object at this URL');
  expect(it.cluster.writes).toEqual([]);
});

test('a server that is gone ends with exit code 7, and everything else is loaded', async () => {
  await begin({});
  const gone = await startFiles();
  await gone.stop();
  const path = join(it.folder, 'a.lp');
  await writeFile(path, lines(100));
  // The program would wait 15 seconds for it.
  const input = await urlInput(new Web(remote), `${gone.url}/a`, { openMs: 100, readMs: 100 });
  const own = { stateDir: it.stateDir, memoryWatchdog: 'off' } as const;
  const loading = load({ url: it.cluster.urls[0]!, db: 'db', ...own, inputs: [input, path] });
  const { summary, message } = await loading.then(
    () => expect.fail('it ended well'),
    (error: LoadFailed) => error,
  );
  expect(message).toContain(`reading ${gone.url}/a: expected`);
  expect([summary.exitCode, summary.points.loaded]).toEqual([7, 100]);
});

test('a server that falls silent does not delay a stop', async () => {
  await begin({ '/a': points() });
  web.act(({ headers }) => (/^bytes=[1-9]/.test(headers.range ?? '') ? { silent: true } : undefined));
  const running = it.start([`${web.url}/a`]);
  await until(() => web.asked.some(({ headers }) => /^bytes=[1-9]/.test(headers.range ?? '')));
  running.kill('SIGINT');
  expect((await it.result(running)).code).toBe(130);
});

test.each([
  ['http:/me:hush@host/a.lp', 'http:/host/a.lp: expected a URL such as https://host/a.lp'],
  ['HTTPS:me:hush@host/*.lp', 'HTTPS:host/*.lp: expected a URL such as https://host/a.lp'],
  ['http://m%e:hush@host/a.lp', 'http://host/a.lp: expected a percent-encoded user and password in the URL'],
  ['ftp://me:hush@host/a.lp', 'ftp://host/a.lp: expected a file, or a URL of http, https or s3'],
])('%s is a mistake, told without the password', async (url, words) => {
  await begin({});
  const { code, stderr } = await it.load([url]);
  expect(code).toBe(2);
  expect(problemsIn(stderr)).toContain(words);
  expect(stderr).not.toContain('hush');
});
