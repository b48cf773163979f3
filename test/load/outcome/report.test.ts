// The report page of real runs: with trouble, refused, interrupted, failed; and the removal of an older page.

import { access, chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lines, type Scene, scene } from '../../support/scene.js';

let it: Scene;
let page: string;

beforeEach(async () => {
  it = await scene({ nodes: 2 });
  page = join(it.folder, 'report.html');
});
afterEach(() => it.end());

/** Reads the visible text of the page. */
async function read(): Promise<string> {
  const text = await readFile(page, 'utf8');
  return text
    .replace(/<style>.*?<\/style>/s, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');
}

function isThere(): Promise<boolean> {
  return access(page).then(
    () => true,
    () => false,
  );
}

test('the page of a load with trouble names all of it', async () => {
  const name = '<img onload=x> "a".lp';
  // One node is overloaded a few times at first, and the other loses writes for a while.
  it.cluster.setScript({
    onWrite: ({ ordinal, node }) =>
      ordinal >= 2 && ordinal < 6 && node === 0
        ? { answer: { status: 422, body: '{"error_code":"050033","error_message":"Memory Exhausted Retry Later"}' } }
        : node === 1 && ordinal > 12 && ordinal < 22
          ? { reset: 'after-body' }
          : { delayMs: 20 },
    refusePoint: ({ table }) =>
      table === 'evil'
        ? { code: '050014', message: 'Apply engine failed: create expired bucket <script>alert(1)</script>' }
        : undefined,
  });
  const content = `${lines(2000)}m,t=a f=oops 1640995200000000000\n${lines(3, 'evil')}${lines(500, 'other')}`;
  const args = ['--report', page, '--batch-points', '100', '--rate-points', '3000', '--password', 'hunter2-of-mine'];
  const { code, summary } = await it.load([
    ...args,
    await it.file(name, content),
    await it.file('b.lp', lines(10, 'm2')),
  ]);
  expect([code, summary?.outcome]).toEqual([8, 'complete-with-rejects']);
  const text = await read();
  expect(text).toContain('Complete with rejects');
  expect(text).toMatch(/points read 2,514 loaded 2,510 rejected 4 undelivered 0/);
  expect(text).toMatch(/bad-value m \S*&lt;img onload=x&gt; &quot;a&quot;\.lp 1 2,001/);
  expect(text).toMatch(/\S+ evil \S*&lt;img onload=x&gt; &quot;a&quot;\.lp 3 2,002/);
  expect(text).toMatch(/limited .*by .*the rate limit/);
  expect(text).toMatch(/overloaded \d/);
  expect(text).toMatch(/connection lost \d/);
  expect(text).toMatch(/m new table, 2 new columns: t , f/);
  expect(text).toMatch(/2022-01-01 00:00:00 2022-01-01 00:33:19/);
  expect(text).toMatch(/--report .* command line/);
  expect(text).toContain('--password (hidden)');
  expect(await readFile(page, 'utf8')).not.toMatch(/hunter2|<script|<img/);
});

test('a load that is refused before it reads an input writes a page', async () => {
  const { code } = await it.load(['--db', 'nowhere', '--report', page, await it.file('a.lp', lines(10))]);
  expect(code).toBe(4);
  expect(await read()).toMatch(/Stopped: the target refused the load.*The run ended before it read an input/);
});

test('an interrupted load writes a page with the command that resumes it', async () => {
  it.cluster.setScript({ onWrite: ({ ordinal }) => (ordinal > 3 ? { answer: { status: 503 } } : undefined) });
  const running = it.begin(['--report', page, '--batch-points', '100', await it.file('a.lp', lines(5000))]);
  await running.saw(/503/);
  running.kill('SIGTERM');
  expect((await it.result(running)).code).toBe(143);
  expect(await read()).toMatch(/Interrupted\..*Resume the load with this command.*bulk-load .*a\.lp/);
});

test.each([
  [3, /more points were rejected than/, ['--max-rejected', '2'], `${lines(3)}a\nb\nc\nd\n`],
  [5, /did not acknowledge the points in time.*Resume the load with this command/, ['--retry-for', '1ms'], lines(3)],
  [6, /did not fit into its memory limit/, ['--memory-limit', '64MiB'], lines(3)],
  [7, /an input could not be read to its end, or held too few points/, ['--min-points', '50'], lines(3)],
  [73, /dead letters or a result file could not be written/, ['--state-dir', '/dev/null/none'], lines(3)],
])('a load that ends with exit code %i writes a page', async (expected, words, args, content) => {
  if (expected === 5) it.cluster.setScript({ onWrite: () => ({ answer: { status: 503 } }) });
  const { code } = await it.load(['--report', page, ...args, await it.file('a.lp', content)]);
  expect(code).toBe(expected);
  expect(await read()).toMatch(words);
});

test('a summary that cannot be written ends with exit code 73, and page and metrics are still written', async () => {
  it.cluster.setScript({ onWrite: () => ({ delayMs: 100 }) });
  const [summary, metrics] = [join(it.folder, 's.json'), join(it.folder, 'm.prom')];
  const args = ['--report', page, '--summary', summary, '--metrics-file', metrics];
  const running = it.begin([...args, await it.file('a.lp', lines(10))]);
  await running.saw(/memory limit/);
  await mkdir(join(summary, 'in the way'), { recursive: true });
  const { code, stderr } = await running.ended;
  expect(code).toBe(73);
  expect(stderr).toContain(`writing the result file ${summary}`);
  expect(await read()).toMatch(/Complete: every point read was acknowledged/);
  expect(await readFile(metrics, 'utf8')).toMatch(/^bulk_load_points_loaded_total 10$/m);
});

test('a second run of a running load writes a page that the first run replaces at its end', async () => {
  it.cluster.setScript({ onWrite: () => ({ answer: { status: 503 } }) });
  const args = ['--report', page, await it.file('a.lp', lines(10))];
  const running = it.start(args);
  await running.saw(/503/);
  expect(await it.load(args)).toMatchObject({ code: 75, summary: { outcome: 'busy' } });
  expect(await read()).toMatch(/another run holds a lock that this load needs/);
  running.kill('SIGTERM');
  expect(await it.result(running)).toMatchObject({ code: 143, summary: { outcome: 'interrupted' } });
  expect(await read()).toMatch(/Interrupted\./);
});

test('the start of a run removes an older page, even if the run ends with exit code 2', async () => {
  const input = await it.file('a.lp', lines(10));
  expect((await it.load(['--report', page, input])).code).toBe(0);
  expect(await isThere()).toBe(true);
  expect((await it.load(['--report', page, join(it.folder, 'none.lp')])).code).toBe(2);
  expect(await isThere()).toBe(false);
});

test.runIf(process.getuid?.() !== 0)('a page in a folder that is not writable is refused at the start', async () => {
  const folder = join(it.folder, 'closed');
  await mkdir(folder);
  await chmod(folder, 0o500);
  expect((await it.load(['--report', join(folder, 'r.html'), await it.file('a.lp', lines(1))])).code).toBe(2);
});

test.each([
  ['a missing folder', 'none/r.html'],
  ['a page that is not an earlier report', 'mine.html'],
])('%s as --report is refused at the start and nothing is sent', async (_, name) => {
  await writeFile(join(it.folder, 'mine.html'), '<!doctype html>\n<html lang="en">my own');
  const { code, stderr } = await it.load(['--report', join(it.folder, name), await it.file('a.lp', lines(1))]);
  expect([code, it.cluster.writes.length]).toEqual([2, 0]);
  expect(stderr).toMatch(/preparing the result file .*html/);
  expect(await readFile(join(it.folder, 'mine.html'), 'utf8')).toContain('my own');
});
