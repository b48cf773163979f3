// The recorded progress bar against acknowledged bytes, second by second on virtual time.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { resolve } from '../../../src/config/resolve.js';
import type { Attempt, Summary } from '../../../src/core/types/index.js';
import { expand } from '../../../src/inputs/expand.js';
import { options as optionTable } from '../../../src/load/option-table.js';
import { load } from '../../../src/load/pipeline.js';
import type { Snapshot } from '../../../src/reporting/figures.js';
import { reporter } from '../../../src/reporting/progress/reporter.js';
import { createCustomTarget } from '../../../src/targets/custom/custom-target.js';
import { Screen } from '../../reporting/screen.js';
import { VirtualClock } from '../../support/clock.js';
import { until } from '../../support/until.js';

const pointBytes = 1024;
const points = 4 * 1024;
/** A decompressor reads ahead by up to 128 KiB, which a larger file makes negligible. */
const compressedPoints = 10 * 1024;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulk-load-bar-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Makes points of which one half compresses badly. */
function contentOf(length: number): Buffer {
  let state = 7;
  const noise = (): string => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state.toString(36);
  };
  const lines = Array.from({ length }, (_, i) => {
    const tail = ` ${1_640_995_200 + i}000000000\n`;
    let text = 'm note="';
    while (text.length < pointBytes / 2) text += noise();
    return `${text.padEnd(pointBytes - tail.length - 1, 'x')}"${tail}`;
  });
  return Buffer.from(lines.join(''));
}

const content = contentOf(points);

/** Body bytes that the target has acknowledged, over all runs. */
let acknowledged = 0;

interface Recorded {
  readonly summary: Summary;
  /** Percent on the screen, percent of acknowledged bytes, and percent of the snapshot, once a second. */
  readonly seconds: readonly { readonly shown: number; readonly acknowledged: number; readonly exact: number }[];
  readonly last: string;
}

/** Runs a load with a bar. The target answers after `answerMs`. */
async function record(name: string, answerMs: number, flags: Record<string, unknown>, ofPoints = points) {
  const clock = new VirtualClock();
  const screen = new Screen(200);
  const output = { write: (text: string) => screen.write(text), columns: () => 200, color: false, terminal: screen };
  const report = await reporter('bar', output, clock);
  // Other tests of this process may hold more memory than the load may use.
  const memory = { memoryWatchdog: 'off', targetMemory: 'off' };
  // Locks of first writes are shared by all processes of the host; virtual time would not pass while another holds them.
  const fixed = { db: 'db', stateDir: join(folder, 'state'), compression: 'none', turn: false, ...memory };
  const { settings } = await resolve(optionTable, { flags: { ...fixed, batchBytes: '32KiB', ...flags }, env: {} });
  const stdin = { isTTY: true, isPipeOrFile: false, stream: () => process.stdin };
  const remote = { env: {}, clock, ca: null, version: '0', random: Math.random, notify: () => {} };
  const expansion = await expand([join(folder, name)], { stdin, cwd: folder, stateDir: settings.stateDir, remote });
  let sent = 0;
  const target = createCustomTarget({
    write: async ({ bytes }): Promise<Attempt> => {
      sent += 1;
      // Answers are spread over time, as those of a real target are.
      await clock.sleep(answerMs * (0.5 + (sent % 8) / 8));
      acknowledged += bytes.length;
      return { verdict: { kind: 'accepted' }, endpoint: 'own', latencyMs: answerMs, sentBytes: bytes.length };
    },
  });
  const never = new AbortController().signal;
  const seconds: Recorded['seconds'][number][] = [];
  let snapshot: (() => Snapshot) | null = null;
  let result: Awaited<ReturnType<typeof load>> | null = null;
  const running = load(settings, {
    version: '0.0.0',
    inputs: expansion.inputs,
    named: expansion.named,
    target,
    clock,
    stop: never,
    abort: never,
    command: null,
    workerThread: false,
    notify: () => {},
    watch: (look) => {
      snapshot = look;
      report.show(look);
    },
  }).then((ended) => {
    result = ended;
  });
  // Virtual time waits neither for the compiler of the kernel nor for the first batch.
  await until(() => sent > 0 || result !== null);
  const look = snapshot as unknown as () => Snapshot;
  while (result === null) {
    await clock.advance(1000);
    const shown = /^ *(\d+)%/.exec(screen.lines.at(-1) ?? '')?.[1];
    if (shown === undefined || result !== null) continue;
    const share = (100 * acknowledged) / (ofPoints * pointBytes);
    seconds.push({ shown: Number(shown), acknowledged: share, exact: look().percent ?? -1 });
  }
  await running;
  const { summary } = result as Awaited<ReturnType<typeof load>>;
  report.finish(summary);
  return { summary, seconds, last: screen.lines.at(-2) ?? '' } satisfies Recorded;
}

/** Seconds at which the bar is more than three points away from the acknowledged bytes. */
function wrong({ seconds }: Recorded): Recorded['seconds'] {
  return seconds.filter(({ shown, acknowledged: share }) => Math.abs(shown - share) > 3);
}

beforeEach(async () => {
  acknowledged = 0;
  await writeFile(join(folder, 'a.lp'), content);
});

test.each<[string, number, Record<string, unknown>]>([
  ['a rate-limited load', 20, { rateBytes: '200KiB' }],
  ['a load into a slow target', 2000, { workers: 8 }],
])('the bar of %s shows acknowledged bytes at every second and ends at 100 %%', async (_, answerMs, flags) => {
  const recorded = await record('a.lp', answerMs, flags);
  expect(recorded.summary.points.loaded).toBe(points);
  expect(recorded.seconds.length).toBeGreaterThan(10);
  expect(wrong(recorded)).toEqual([]);
  expect(recorded.last).toMatch(/^100% \[=+\] {2}4,096 points/);
});

test('the bar of a resumed load begins where the load stands and ends at 100 %', async () => {
  const flags = { rateBytes: '200KiB' };
  const first = await record('a.lp', 20, { ...flags, maxDuration: '9s' });
  expect(first.summary.outcome).toBe('interrupted');
  expect(wrong(first)).toEqual([]);
  const second = await record('a.lp', 20, flags);
  expect(second.summary.points.loaded).toBe(points);
  expect(second.seconds[0]!.shown).toBeGreaterThan(30);
  expect(second.seconds.length).toBeGreaterThan(5);
  expect(wrong(second)).toEqual([]);
  expect(second.last).toMatch(/^100% \[=+\] {2}4,096 points/);
});

test('the bar of a compressed file shows acknowledged bytes, also after the load is resumed', async () => {
  await writeFile(join(folder, 'a.lp.gz'), gzipSync(contentOf(compressedPoints), { level: 1 }));
  const flags = { rateBytes: '1MiB' };
  const first = await record('a.lp.gz', 20, { ...flags, maxDuration: '5s' }, compressedPoints);
  expect(first.summary.outcome).toBe('interrupted');
  expect(first.seconds.length).toBeGreaterThan(2);
  expect(wrong(first)).toEqual([]);
  const second = await record('a.lp.gz', 20, flags, compressedPoints);
  expect(second.summary.points.loaded).toBe(compressedPoints);
  expect(second.seconds[0]!.shown).toBeGreaterThanOrEqual(first.seconds.at(-1)!.shown - 3);
  expect(wrong(second)).toEqual([]);
  expect(second.last).toMatch(/^100% \[=+\] {2}10,240 points/);
});

test('the bar of a load with --limit is scaled to the limit', async () => {
  const limit = points / 4;
  const recorded = await record('a.lp', 20, { rateBytes: '50KiB', limit }, limit);
  expect(recorded.summary.points.loaded).toBe(limit);
  expect(recorded.seconds.length).toBeGreaterThan(10);
  expect(wrong(recorded)).toEqual([]);
  expect(recorded.last).toMatch(/^100% \[=+\] {2}1,024 points/);
});
