// The same input gives the same answer through the whole program: with one CPU core and two, from a pipe and from a file, small
// and large, for each target's rules of names.

import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Summary } from '../../../src/core/types/index.js';
import { isSoak } from '../../support/effort.js';

const program = fileURLToPath(new URL('../../../bin/bulk-load.js', import.meta.url));
const folders = ['cases', 'points'].map((name) =>
  fileURLToPath(new URL(`../../../fixtures/${name}/`, import.meta.url)),
);
const fixtures = folders.flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => /\.(lp|txt)(\.gz)?$/.test(name))
    .map((name) => join(folder, name)),
);
/** From this size on a worker thread parses a file. */
const large = 16 * 1024 * 1024;
const canPin = spawnSync('taskset', ['-c', '0', 'true']).status === 0 && availableParallelism() > 1;
const contexts = 'NOAA,db0,db1,prod,plain,kept,odd';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulk-load-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** What a run wrote and rejected. */
interface Answer {
  readonly code: number;
  readonly points: Summary['points'];
  readonly byReason: Record<string, number>;
  readonly text: string;
}

/** One large input of all fixtures: their lines again and again, then comments up to the size. */
function inputOf(times: number, bytes: number): Buffer {
  const texts = fixtures.map((path) => {
    const raw = readFileSync(path);
    const text = path.endsWith('.gz') ? gunzipSync(raw) : raw;
    const end = text.lastIndexOf(10, 20_000) + 1;
    return text
      .subarray(0, end)
      .toString('latin1')
      .replaceAll(/^# (DDL|DML)$/gm, '#')
      .replaceAll(/^CREATE .*$/gm, '#');
  });
  const all = Buffer.from(texts.join('').repeat(times), 'latin1');
  const comment = `#${'x'.repeat(1022)}\n`;
  return Buffer.concat([
    all,
    Buffer.from(comment.repeat(Math.max(0, Math.ceil((bytes - all.length) / comment.length)))),
  ]);
}

async function run(
  path: string,
  target: string,
  way: { readonly pipe: boolean; readonly cores: number },
): Promise<Answer> {
  const [out, summary] = [join(folder, 'points.lp'), join(folder, 'summary.json')];
  const options = [`--dry-run=${out}`, '--target', target, '--summary', summary, '--state-dir', join(folder, 'state')];
  const limits = ['--max-rejected', '100%', '--expect-time', 'off', '--context', contexts, '--quiet'];
  const args = [program, '--db', 'db', ...options, ...limits, '--format', 'lp', way.pipe ? '-' : path];
  const pinned = way.cores === 1 && canPin ? ['taskset', '-c', '0', process.execPath] : [process.execPath];
  const [command = '', ...before] = pinned;
  const child = spawn(command, [...before, ...args], { stdio: ['pipe', 'ignore', 'ignore'] });
  if (way.pipe) createReadStream(path).pipe(child.stdin);
  else child.stdin.end();
  const [code] = (await once(child, 'close')) as [number];
  const { points, rejects } = JSON.parse(await readFile(summary, 'utf8')) as Summary;
  const text = createHash('sha256')
    .update(await readFile(out))
    .digest('hex');
  return { code, points, byReason: rejects.byReason, text };
}

test.each([
  ['cnosdb', 5],
  ['influxdb1', 2],
])(
  'every fixture gives the same answer for %s from a pipe and a file, small and large, with one core and two',
  { timeout: 600_000 },
  async (target, count) => {
    const [small, big] = [join(folder, 'small.lp'), join(folder, 'large.lp')];
    await writeFile(small, inputOf(1, 0));
    await writeFile(big, inputOf(1, large));
    const expected = await run(small, target, { pipe: false, cores: 2 });
    expect(expected.points.loaded).toBeGreaterThan(100);
    expect(expected.points.rejected).toBeGreaterThan(10);
    const ways = [
      { path: small, pipe: true, cores: 2 },
      { path: big, pipe: false, cores: 2 },
      { path: big, pipe: true, cores: 1 },
      { path: big, pipe: false, cores: 1 },
      { path: big, pipe: true, cores: 2 },
    ];
    for (const { path, ...way } of ways.slice(0, isSoak ? ways.length : count))
      expect([way, await run(path, target, way)]).toEqual([way, expected]);
  },
);

test('the targets differ in the names that they take', { timeout: 300_000 }, async () => {
  const path = join(folder, 'names.lp');
  const time = '1640995200000000000';
  const lines = ['m v=1', 'win,path=\\C: v=1', 'both,host=a host="b"', 'm v=.5', 'a/b v=1'];
  await writeFile(path, lines.map((line) => `${line} ${time}\n`).join(''));
  const rejected = async (target: string): Promise<string[]> =>
    Object.keys((await run(path, target, { pipe: false, cores: 2 })).byReason).sort();
  const own = ['bad-escape', 'bad-number', 'tag-and-field-same-name'];
  expect(await rejected('cnosdb')).toEqual([...own, 'slash-in-measurement'].sort());
  expect(await rejected('influxdb3')).toEqual(own);
  expect(await rejected('victoriametrics')).toEqual(['bad-number']);
  expect(await rejected('influxdb1')).toEqual([]);
});
