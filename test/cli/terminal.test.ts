// A load in a real terminal. util-linux's `script` provides it, `stty` sets its size.

import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { shellQuote } from '../../src/core/text.js';
import { Screen } from '../reporting/screen.js';
import { type Running, start } from '../support/programs/process.js';
import { lines, type Scene, scene } from '../support/scene.js';

const there = /util-linux/.test(spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout ?? '');
if (!there) process.stderr.write('SKIPPED: terminals are not tested, util-linux and its script are not here\n');

const introducer = '\u001b';
const colour = new RegExp(`${introducer}\\[\\d+m`);
const root = join(import.meta.dirname, '../..');

let it: Scene;
let loads = 0;

beforeAll(async () => {
  it = await scene({ script: { onWrite: () => ({ delayMs: 20 }) } });
});
afterAll(() => it.end());

/** 2,500 points in a second and a half. */
async function inTerminal(columns: number, env: Record<string, string> = {}): Promise<Running> {
  loads += 1;
  const input = await it.file(`${loads}.lp`, lines(2500));
  const own = ['--state-dir', `${it.stateDir}-${loads}`];
  const common = ['--url', it.cluster.urls[0]!, '--db', 'db', ...own, '--rate-points', '1500'];
  const words = [process.execPath, join(root, 'bin/bulk-load.js'), ...common, '--batch-points', '100', input];
  const shell = `stty cols ${columns} rows 24; tty; exec ${words.map(shellQuote).join(' ')}`;
  return start([shell], {
    script: 'test/support/programs/terminal.js',
    env: { NO_COLOR: '', TERM: 'xterm-256color', ...env },
  });
}

// Each process waits most of its time.
describe.runIf(there).concurrent('in a terminal', () => {
  test.each([80, 50])('at %i columns no line wraps, words stay whole, and one bar remains', async (columns) => {
    const running = await inTerminal(columns);
    const { code, stdout } = await running.ended;
    expect(code).toBe(0);
    const screen = new Screen(columns);
    screen.write(stdout);
    expect(screen.wrapped).toBe(false);
    const text = screen.lines.join(' ').replace(/\s+/g, ' ');
    expect(text).toMatch(/bulk-load \S+: 1 input \(.*, at most 8 writers, memory limit 512 MiB \(default\)/);
    expect(text).toMatch(/Complete: every point read was acknowledged\. points 2,500 read/);
    expect(screen.lines.filter((line) => /^ *\d+%/.test(line))).toEqual([expect.stringMatching(/^100%.* 2,500 p/)]);
    // The coloured bar itself needs room beside its figures.
    if (columns === 80) expect(stdout).toMatch(colour);
  });

  test('a terminal that becomes narrower gets narrower lines', async () => {
    const running = await inTerminal(120);
    await running.saw(/\d+% .*points/);
    const [device] = /\/dev\/\S+/.exec(running.stdout())!;
    execFileSync('stty', ['-F', device, 'cols', '40']);
    const { code, stdout } = await running.ended;
    expect(code).toBe(0);
    // The bar is redrawn from the first row of the longer line.
    const after = stdout.slice(stdout.lastIndexOf('\u001b[2A\u001b[1G\u001b[0J'));
    const screen = new Screen(40);
    screen.write(after);
    expect([screen.wrapped, screen.lines.some((line) => /^100%/.test(line))]).toEqual([false, true]);
  });

  test.each([
    ['NO_COLOR', { NO_COLOR: '1' }, /\d+% \[=/],
    ['TERM=dumb', { TERM: 'dumb' }, /Complete: /],
  ])('%s switches colours off', async (_, env, seen) => {
    const { code, stdout } = await (await inTerminal(100, env)).ended;
    expect(code).toBe(0);
    expect(stdout).toMatch(seen);
    expect(stdout).not.toMatch(colour);
    if ('TERM' in env) expect(stdout).not.toContain(introducer);
  });
});
