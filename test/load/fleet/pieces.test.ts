// An input in pieces comes to the same rows, dead letters and totals as the whole input on one machine.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { resolve } from '../../../src/config/resolve.js';
import type { Settings } from '../../../src/config/settings.js';
import { clock } from '../../../src/core/time/system-clock.js';
import type { Input, Summary } from '../../../src/core/types/index.js';
import { piecesOf } from '../../../src/fleet/shards.js';
import { expand } from '../../../src/inputs/expand.js';
import { planLoad } from '../../../src/load/fleet/plan-load.js';
import { reconcile } from '../../../src/load/fleet/reconcile.js';
import { shardInputs } from '../../../src/load/fleet/shard-inputs.js';
import { loadShard } from '../../../src/load/fleet/shard-settings.js';
import { LoadReuse } from '../../../src/load/load-reuse.js';
import { options as table } from '../../../src/load/option-table.js';
import { type LoadContext, load } from '../../../src/load/pipeline.js';
import { casesOf } from '../../support/effort.js';
import { remote } from '../../support/servers/remote.js';
import { MemoryStore } from './memory-target.js';
import { type RandomFile, randomFile, randomOf } from './random-files.js';

/** All 200 files belong to the soak test. */
const files = casesOf(200, 2);

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulk-load-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const never = new AbortController().signal;
const resident = { bytes: () => 0, peak: () => 0, close: () => {} };
const common = { version: '0', clock, signal: never, notify: () => {}, parsed: () => {}, resident };

interface Loaded {
  readonly lines: ReadonlySet<string>;
  readonly points: Summary['points'];
  readonly letters: readonly string[];
}

async function settingsOf(flags: object, state: string): Promise<Settings> {
  const common = { db: 'd', targetMemory: 'off', turn: false, memoryWatchdog: 'off', maxRejected: '100%' };
  const given = { ...common, stateDir: join(folder, state), ...flags };
  return (await resolve(table, { flags: given, env: {} })).settings;
}

async function inputOf(path: string): Promise<Input> {
  const options = { stdin: { isTTY: true, isPipeOrFile: false, stream: () => process.stdin }, cwd: folder };
  return (await expand([path], { ...options, stateDir: join(folder, 'none'), remote })).inputs[0]!;
}

async function run(settings: Settings, own: Pick<LoadContext, 'inputs' | 'target'> & Partial<LoadContext>) {
  const { summary } = await load(settings, {
    ...{ ...common, stop: never, abort: never, command: null, watch: () => {}, workerThread: false },
    ...own,
  });
  return summary;
}

/** Line, offset, length and reason of each dead letter, in order. */
async function lettersOf(summaries: readonly Summary[]): Promise<string[]> {
  const reasons = summaries.flatMap(({ rejects }) => rejects.reasons ?? []);
  const texts = await Promise.all(reasons.map((path) => readFile(path, 'utf8')));
  const all = texts.flatMap((text) => text.trimEnd().split('\n'));
  return all
    .map((text) => JSON.parse(text) as { line: number; byteOffset: number; bytes: number; reason: string })
    .toSorted((a, b) => a.byteOffset - b.byteOffset)
    .map(({ line, byteOffset, bytes, reason }) => `${line} ${byteOffset} ${bytes} ${reason}`);
}

async function loadWhole(path: string, { flags }: RandomFile): Promise<Loaded> {
  const store = new MemoryStore();
  const settings = await settingsOf(flags, 'whole');
  const summary = await run(settings, { inputs: [await inputOf(path)], target: store.target() });
  return { lines: store.lines, points: summary.points, letters: await lettersOf([summary]) };
}

async function loadInPieces(
  path: string,
  file: RandomFile,
  pieces: number,
  shards: number,
  reuse: LoadReuse | undefined,
): Promise<Loaded & { pieces: number }> {
  const store = new MemoryStore();
  const pieceBytes = `${Math.max(1, Math.ceil(file.content.length / pieces))}`;
  const settings = await settingsOf({ ...file.flags, pieceBytes }, 'pieces');
  const input = await inputOf(path);
  const createTarget = () => Promise.resolve(store.target());
  const plan = await planLoad(settings, {
    ...common,
    inputs: [input],
    target: store.target(),
    createTarget,
    given: {},
  });
  const summaries: Summary[] = [];
  for (let index = 1; index <= shards; index += 1) {
    const shard = { index, of: shards };
    const summary = await run(
      { ...settings, minPoints: 0 },
      {
        ...{ inputs: shardInputs(piecesOf(plan, shard), () => input), target: store.target() },
        ...{ named: [plan.id, `${index}/${shards}`], shard: loadShard(plan, shard) },
        ...(reuse === undefined ? {} : { reuse }),
      },
    );
    summaries.push(summary);
  }
  const all = summaries.map((summary, i) => ({ file: `${i}`, text: JSON.stringify(summary) }));
  const { points } = reconcile(plan, all);
  const planned = plan.inputs.flatMap((each) => each.pieces);
  return { lines: store.lines, points, letters: await lettersOf(summaries), pieces: planned.length };
}

test(`${files} random files come to the same in 1 to 50 pieces as in one`, async () => {
  let cut = 0;
  for (let seed = 0; seed < files; seed += 1) {
    const file = randomFile(seed);
    const path = join(folder, file.name);
    await writeFile(path, file.content);
    const random = randomOf(seed + 1000);
    const [pieces, shards] = [1 + Math.floor(random() * 50), 1 + Math.floor(random() * 3)];
    const whole = await loadWhole(path, file);
    // The loads of a worker use the same parsers one after another, those of shards have their own.
    const reuse = seed % 2 === 0 ? undefined : new LoadReuse();
    const inPieces = await loadInPieces(path, file, pieces, shards, reuse);
    await reuse?.close();
    const about = `seed ${seed}, ${pieces} pieces, ${shards} shards`;
    expect(inPieces.letters, about).toEqual(whole.letters);
    expect(inPieces.points, about).toEqual(whole.points);
    expect([...inPieces.lines].toSorted(), about).toEqual([...whole.lines].toSorted());
    cut += inPieces.pieces;
  }
  expect(cut).toBeGreaterThan(5 * files);
}, 600_000);

test('a plan of more inputs than --memory-limit has room for ends with exit code 6', async () => {
  const path = join(folder, 'a.lp');
  await writeFile(path, 'm f=1 1700000000000000000\n');
  const settings = await settingsOf({ memoryWatchdog: 'on', memoryLimit: '4GiB' }, 'full');
  const input = await inputOf(path);
  const store = new MemoryStore();
  let bytes = 0;
  const plan = planLoad(settings, {
    ...{ ...common, target: store.target(), given: {}, resident: { ...resident, bytes: () => bytes } },
    inputs: Array.from({ length: 1000 }, () => input),
    createTarget: () => Promise.resolve(store.target()),
    parsed: () => {
      bytes = 5 * 2 ** 30;
    },
  });
  await expect(plan).rejects.toMatchObject({ outcome: 'memory', exitCode: 6 });
});

test('planning reports how far it has parsed each input', async () => {
  const path = join(folder, 'a.lp');
  const content = Array.from({ length: 60_000 }, (_, i) => `m f=${i} ${1_700_000_000_000_000_000n + BigInt(i)}\n`).join(
    '',
  );
  await writeFile(path, content);
  const input = await inputOf(path);
  const store = new MemoryStore();
  const seen: number[] = [];
  await planLoad(await settingsOf({}, 'parsed'), {
    ...{ ...common, inputs: [input], target: store.target(), given: {} },
    createTarget: () => Promise.resolve(store.target()),
    parsed: (_, bytes) => seen.push(bytes),
  });
  expect(seen.length).toBeGreaterThan(2);
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  expect(seen.at(-1)).toBe(content.length);
});
