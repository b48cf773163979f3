import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { PrefixChecksum } from '../../../src/core/io/prefix-checksum.js';
import type { ByteSource, FileBytes, Input, Notice } from '../../../src/core/types/index.js';
import { INPUT_START } from '../../../src/core/types/index.js';
import type { EarlierRuns } from '../../../src/load/resume/earlier-runs.js';
import { InputStarts, type InputStartsOptions } from '../../../src/load/resume/input-starts.js';
import type { InputTracks } from '../../../src/load/resume/input-tracks.js';
import type { CheckpointInput } from '../../../src/state/checkpoint.js';
import { type Fingerprint, fingerprint } from '../../../src/state/fingerprint.js';
import type { InputProgress } from '../../../src/state/input-progress.js';

const cluster = { endpoints: ['h:1'], id: null };
const inputs: Input[] = ['a.lp', 'b.lp'].map((name) => ({
  ...{ name, path: `/${name}`, size: 1000 },
  open: () => Promise.reject(new Error('not opened here')),
}));
const at = (byteOffset: number, ordinal: number) => ({ byteOffset, line: 2, ordinal, digits: 19 });

function sourceOf(content = Buffer.alloc(1000, 7), more: Partial<FileBytes> = {}): ByteSource {
  const bytes = async (from: number, to: number) => content.subarray(from, to);
  const file = { size: content.length, version: 'v1', bytes, ...more };
  const rest = { read: () => Promise.resolve(0), close: () => Promise.resolve() };
  return { compression: 'none', bytesRead: 0, file, ...rest };
}

async function entryOf(source: ByteSource, more: Partial<CheckpointInput> = {}, to = 500): Promise<CheckpointInput> {
  return {
    ...{ path: '/a.lp', fingerprint: await fingerprint(source.file!, to), place: at(to, 40), beyond: [] },
    ...{ loaded: 30, rejected: 10, values: 30, reasons: {}, cluster },
    ...more,
  };
}

interface Begun {
  readonly input: number;
  readonly progress: InputProgress;
  readonly identity: Fingerprint | null;
  readonly tables: readonly string[] | undefined;
}

function startsOf(known: { input: CheckpointInput; finished: boolean } | null, more: Partial<InputStartsOptions> = {}) {
  const begun: Begun[] = [];
  const calls: string[] = [];
  const notices: Notice[] = [];
  const starts = new InputStarts({
    ...{ inputs, onChanged: 'restart', checkpoint: true, sameTarget: false },
    earlier: {
      find: async () => known,
      reached: 77,
      begun: (i: number) => calls.push(`begun ${i}`),
      unchanged: (i: number) => calls.push(`unchanged ${i}`),
      drop: (i: number) => calls.push(`drop ${i}`),
    } as unknown as EarlierRuns,
    tracks: {
      begin: (
        input: number,
        _: ByteSource,
        progress: InputProgress,
        identity: Fingerprint | null,
        tables?: string[],
      ) => {
        begun.push({ input, progress, identity, tables });
        return progress.start;
      },
    } as unknown as InputTracks,
    copyCheckpoint: async () => {
      calls.push('copy');
      return 'kept.json';
    },
    notify: (notice) => notices.push(notice),
    ...more,
  });
  return { starts, begun, calls, notices };
}

test('an input that no run has begun starts at its start, after the points read so far', async () => {
  const { starts, begun } = startsOf(null);
  starts.advanceTo(12);
  starts.advanceTo(5);
  expect(await starts.begin(1, sourceOf())).toEqual({ place: { ...INPUT_START, ordinal: 12 }, covered: [] });
  expect(begun[0]).toMatchObject({ input: 1, identity: { size: 1000, tail: { to: 0 } }, tables: undefined });
  expect(starts.nextOrdinal).toBe(12);
});

test('without a checkpoint or a file an input starts at its start, or at that of its piece', async () => {
  const from = at(400, 0);
  const pieces = [{ ...inputs[0]!, piece: { from, to: null } }];
  const source = sourceOf();
  const entry = { input: await entryOf(source), finished: true };
  const plain = startsOf(entry, { checkpoint: false, inputs: pieces });
  expect((await plain.starts.begin(0, source))?.place).toEqual(from);
  const stream = startsOf(entry);
  expect((await stream.starts.begin(0, { ...source, file: undefined } as never))?.place).toEqual(INPUT_START);
  expect([...plain.begun, ...stream.begun].map(({ identity }) => identity)).toEqual([null, null]);
});

test('an unfinished input resumes where the earlier run stopped, with its pieces and tables', async () => {
  const source = sourceOf();
  const beyond = [{ from: 600, to: at(700, 50) }];
  const input = await entryOf(source, { beyond, tables: ['m'] });
  const { starts, begun, calls, notices } = startsOf({ input, finished: false });
  expect(await starts.begin(0, source)).toEqual({ place: at(500, 40), covered: [{ from: 600, to: 700 }] });
  expect(begun[0]).toMatchObject({ identity: { tail: { to: 500 } }, tables: ['m'] });
  expect([calls, notices]).toEqual([['begun 0'], []]);
});

test('the checksum of a plain input continues, and that of a compressed one starts again', async () => {
  const started: unknown[] = [];
  const content = Buffer.alloc(1000, 7);
  const whole = new PrefixChecksum();
  whole.start();
  whole.add(0, content.subarray(0, 500));
  const checksum = { state: whole.state, start: (state: unknown) => started.push(state) };
  const source = sourceOf(content, { checksum: checksum as never });
  const input = await entryOf(source);
  await startsOf({ input, finished: false }).starts.begin(0, source);
  expect(started).toEqual([whole.state]);
  await startsOf({ input, finished: false }).starts.begin(0, { ...source, compression: 'gzip' });
  expect(started.length).toBe(1);
  await startsOf(null).starts.begin(0, source);
  expect(started).toEqual([whole.state, undefined]);
});

test('a finished input that is the same has nothing left to read', async () => {
  const source = sourceOf();
  const input = await entryOf(source, { place: at(1000, 60) }, 1000);
  const { starts, begun, calls } = startsOf({ input, finished: true });
  expect(await starts.begin(0, source)).toBeNull();
  expect([begun, calls, starts.nextOrdinal]).toEqual([[], ['unchanged 0'], 77]);
});

test('a finished input that has grown is read from its earlier end, after the points read so far', async () => {
  const input = await entryOf(sourceOf(), { place: at(1000, 60) }, 1000);
  const { starts, calls } = startsOf({ input, finished: true });
  starts.advanceTo(90);
  const grown = sourceOf(Buffer.alloc(1500, 7));
  expect((await starts.begin(0, grown))?.place).toEqual(at(1000, 90));
  expect(calls).toEqual(['begun 0']);
});

test('a changed input is loaded from its start, and the checkpoint is copied once', async () => {
  const started: unknown[] = [];
  const checksum = { state: null, start: (...state: unknown[]) => started.push(state) };
  const changed = sourceOf(Buffer.alloc(1000, 8), { checksum: checksum as never });
  const { starts, begun, calls, notices } = startsOf({ input: await entryOf(sourceOf()), finished: false });
  expect((await starts.begin(0, changed))?.place).toEqual(INPUT_START);
  await starts.begin(1, changed);
  expect(calls).toEqual(['copy', 'drop 0', 'drop 1']);
  expect(started).toEqual([[], []]);
  expect(begun.map(({ identity }) => identity?.tail.to)).toEqual([0, 0]);
  expect(notices.map(({ level, message }) => [level, message])).toEqual([
    [
      'warn',
      'a.lp has changed since 30 points were loaded from it; the load reads the input again from its start; the earlier checkpoint is kept as kept.json',
    ],
    ['warn', 'b.lp has changed since 30 points were loaded from it; the load reads the input again from its start'],
  ]);
  expect(starts.abandoned).toEqual({
    shown: [
      { input: 0, kept: 'kept.json' },
      { input: 1, kept: null },
    ],
    more: 0,
  });
});

test('a changed input is refused with --on-changed refuse', async () => {
  const { starts, calls } = startsOf({ input: await entryOf(sourceOf()), finished: false }, { onChanged: 'refuse' });
  await expect(starts.begin(0, sourceOf(Buffer.alloc(1000, 8)))).rejects.toThrow(
    'reading a.lp: expected the file from which 30 points were loaded before, found other content',
  );
  expect(calls).toEqual([]);
});

test('an unfinished input of the same date is read again up to where it was loaded, a finished one is not', async () => {
  const content = Buffer.alloc(100_000, 7);
  const sum = new PrefixChecksum();
  sum.start();
  sum.add(0, content.subarray(0, 90_000));
  const checksum = { state: sum.state, start: () => {} };
  const input = await entryOf(sourceOf(content, { checksum: checksum as never }), {}, 90_000);
  // Between the two blocks that are always compared.
  const corrected = sourceOf(Buffer.from(content).fill(8, 40_000, 40_001));
  expect((await startsOf({ input, finished: false }).starts.begin(0, corrected))?.place.byteOffset).toBe(0);
  const { starts } = startsOf({ input: { ...input, place: at(100_000, 9) }, finished: true });
  expect(await starts.begin(0, corrected)).toBeNull();
});

test('a file of another date without a checksum resumes with a warning', async () => {
  const input = await entryOf(sourceOf());
  const { starts, notices } = startsOf({ input, finished: false });
  await starts.begin(0, sourceOf(undefined, { version: 'v2' }));
  expect(notices).toMatchObject([{ level: 'warn', kind: 'touched' }]);
  expect(notices[0]!.message).toContain('the modification time of a.lp has changed since its points were loaded');
});

test('a file that cannot be read is an input error with its name', async () => {
  const broken = sourceOf(undefined, { bytes: () => Promise.reject(new Error('EIO')) });
  await expect(startsOf(null).starts.begin(0, broken)).rejects.toThrow('reading a.lp: EIO');
  const odd = sourceOf(undefined, { bytes: () => Promise.reject('a text') });
  await expect(startsOf(null).starts.begin(0, odd)).rejects.toThrow('reading a.lp: a text');
  const input = await entryOf(sourceOf());
  await expect(startsOf({ input, finished: false }).starts.begin(0, broken)).rejects.toThrow('reading a.lp: EIO');
});

test('--skip-loaded leaves out an input that an earlier load finished here, if it is surely the same', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bulk-load-starts-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const history = join(folder, 'finished.ndjson');
  const source = sourceOf();
  const entry = await entryOf(source, { place: at(1000, 40) }, 1000);
  const others = [
    { ...entry, path: '/other.lp' },
    { ...entry, path: '/b.lp', cluster: { endpoints: ['x:1'], id: null } },
  ];
  await writeFile(history, [entry, ...others].map((each) => `${JSON.stringify(each)}\n`).join(''));
  const target = { cluster, isCreated: false, tables: null };
  const { starts, notices, begun } = startsOf(null);
  await starts.readHistory(history, target);
  expect(await starts.begin(0, source)).toBeNull();
  expect(starts.skippedPoints).toBe(40);
  expect(notices).toMatchObject([
    { level: 'info', message: 'a.lp was loaded before (30 points), so this load skips the input' },
  ]);
  // Points that are elsewhere, a touched file, and a grown one are loaded.
  await starts.begin(1, source);
  await starts.begin(0, sourceOf(undefined, { version: 'v2' }));
  await starts.begin(0, sourceOf(Buffer.alloc(1100, 7)));
  expect([begun.length, starts.skippedPoints]).toEqual([3, 40]);
});

test('at most a hundred abandoned loads and inputs are listed', () => {
  const { starts } = startsOf(null);
  for (let i = 0; i < 103; i += 1) starts.abandon(i, null);
  expect([starts.abandoned.shown.length, starts.abandoned.more]).toEqual([100, 3]);
});
