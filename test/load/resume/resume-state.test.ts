// Which runs leave a checkpoint, and which resume from it.

import { expect, test } from 'vitest';
import { InputError, InterruptedError, RefusedError, UnavailableError } from '../../../src/core/errors.js';
import {
  defaultDatabaseSettings as database,
  INPUT_START,
  type Input,
  type Notice,
} from '../../../src/core/types/index.js';
import { Ledger } from '../../../src/load/ledger/ledger.js';
import { ResumeState } from '../../../src/load/resume/resume-state.js';
import { DeadLetters } from '../../../src/state/dead-letters/dead-letters.js';
import { createCustomTarget } from '../../../src/targets/custom/custom-target.js';
import { bytesSource } from '../../formats/support.js';
import { VirtualClock } from '../../support/clock.js';
import { accepted, loadText, points } from '../custom-load.js';
import { batch, contents, folder, reject } from '../ledger/support.js';

const stopped = AbortSignal.abort(new InterruptedError('SIGTERM'));

/** Loads four points in requests of one. Stops after `stopAfter` requests. */
async function run(stateDir: string, { stopAfter = 9, isCreated = false, flags = {}, own = {} } = {}) {
  const stop = new AbortController();
  let writes = 0;
  const write: typeof accepted = async (...sent) => {
    writes += 1;
    if (writes === stopAfter) stop.abort(new InterruptedError('SIGTERM'));
    return await accepted(...sent);
  };
  const describe = () =>
    Promise.resolve({ kind: 'own', version: null, endpoints: [], database, ...(isCreated ? { isCreated } : {}) });
  const { summary, notices } = await loadText({
    ...{ own: { write, describe }, text: points(4), path: '/a.lp', stop: stop.signal, ...own },
    flags: { stateDir, batchPoints: 1, workers: 1, ...flags },
  });
  const { checkpoint, thisRun, points: all, outcome } = summary;
  const resumed = notices.flatMap(({ kind }) => (kind === 'resume' || kind === 'fresh' ? [kind] : []));
  return { checkpoint, read: thisRun.read, loaded: all.loaded, resumed, outcome };
}

test('a stopped load has a checkpoint, from which the next run resumes, and a complete one has none', async () => {
  const stateDir = await folder();
  const stopped = await run(stateDir, { stopAfter: 2 });
  expect(stopped).toMatchObject({ read: 2, loaded: 2, resumed: [] });
  expect(Object.keys(await contents(stateDir)).map((name) => `${stateDir}/${name}`)).toContain(stopped.checkpoint);
  expect(await run(stateDir)).toMatchObject({ checkpoint: null, read: 2, loaded: 4, resumed: ['resume'] });
  expect(await run(stateDir)).toMatchObject({ checkpoint: null, read: 4, loaded: 4, resumed: [] });
  // Refused before a point was sent.
  const refused = await run(stateDir, { flags: { precision: 's' } });
  expect(refused).toMatchObject({ checkpoint: null, read: 0, loaded: 0, resumed: [] });
});

test('a load with fewer points than --min-points keeps its checkpoint', async () => {
  const stateDir = await folder();
  const { checkpoint, outcome } = await run(stateDir, { flags: { minPoints: 9 } });
  expect([outcome, checkpoint === null]).toEqual(['input', false]);
  expect(await run(stateDir)).toMatchObject({ checkpoint: null, read: 0, loaded: 4, outcome: 'complete' });
});

test('a complete load writes a last checkpoint only if it has dead letters to rename', async () => {
  const saves = async (text: string) =>
    (await loadText({ text, path: '/a.lp' })).notices.find(({ kind }) => kind === 'checkpoint')?.message;
  expect(await saves(points(1))).toMatch(/^1 checkpoint written/);
  expect(await saves(`${points(1)}m f=x 1\n`)).toMatch(/^2 checkpoints written/);
});

test('a load starts over in a database that it creates, with --fresh and without a checkpoint', async () => {
  for (const [own, checkpoint] of [
    [{ isCreated: true }, true],
    [{ flags: { fresh: true } }, true],
    [{ flags: { checkpoint: false } }, false],
  ] as const) {
    const stateDir = await folder();
    await run(stateDir, { stopAfter: 2 });
    const over = await run(stateDir, { ...own, stopAfter: 3 });
    expect(over).toMatchObject({ read: 3, loaded: 3, resumed: ['fresh'] });
    expect(over.checkpoint !== null).toBe(checkpoint);
  }
});

test('no checkpoint is written while a long point is rejected, but not completely in the dead letters', async () => {
  const stateDir = await folder();
  const [clock, notices] = [new VirtualClock(), [] as Notice[]];
  const letters = new DeadLetters(stateDir, 'load');
  const ledger = new Ledger(['a.lp'], letters, { count: 9 });
  const source = bytesSource(Buffer.alloc(9));
  const options = { stateDir, checkpoint: true, fresh: false, skipLoaded: false, skipPoints: 0, sameTarget: false };
  const resume = new ResumeState(
    {
      ...{
        options: { ...options, onChanged: 'restart' },
        names: { load: 'load', database: 'db' },
        startedMs: 0,
        clock,
      },
      ...{ inputs: [{ name: 'a.lp', path: '/a.lp', size: 9, open: () => Promise.resolve(source) }] },
      ...{
        signal: new AbortController().signal,
        notify: (notice) => notices.push(notice),
        end: () => expect.unreachable(),
      },
    },
    letters,
    ledger,
  );
  await resume.open();
  await resume.resume({ cluster: { endpoints: [], id: null }, isCreated: false, tables: null });
  await resume.saveStart();
  await resume.beginInput(0, source, 0);
  // The last part is written before the first one.
  const receipt = { loaded: [], rejected: [], undelivered: [] };
  await ledger.settle(batch(0, { rejects: [reject('end', { part: 'last' })] }), receipt);
  await clock.advance(5_000);
  await resume.close('stopped');
  await resume.end(false);
  expect(notices.map(({ message }) => message)).toEqual(['1 checkpoint written in 0 ms']);
});

test('a contradiction to the options in a later run is an input error, because an earlier run has sent a point', async () => {
  const stateDir = await folder();
  // The head of a piece is not parsed before its points.
  const piece = { from: INPUT_START, to: null };
  expect(await run(stateDir, { stopAfter: 1, own: { piece } })).toMatchObject({ loaded: 1, outcome: 'interrupted' });
  const flags = { expectTime: '2000..2010' };
  expect(await run(stateDir, { own: { piece }, flags })).toMatchObject({
    loaded: 1,
    resumed: ['resume'],
    outcome: 'input',
  });
});

test('a stopped load without a checkpoint gives its command the number of points to skip', async () => {
  const skipped: (number | null)[] = [];
  const command = (points: number | null): string => `--skip-points ${skipped.push(points)}`;
  let opens = 0;
  // Its format is found and its head is parsed, and then it cannot be read.
  const open = (): ReturnType<Input['open']> =>
    opens++ < 2 ? Promise.resolve(bytesSource(Buffer.from(points(1)))) : Promise.reject(new InputError('it is gone'));
  const bad: Input = { name: 'b.lp', path: null, size: 9, open };
  const flags = { onInputError: 'stop' };
  const stateDir = await folder();
  // After two points, after the first of two inputs, and before the points that an earlier run has loaded.
  await run(stateDir, { stopAfter: 2, own: { path: null, command } });
  await run(stateDir, { own: { path: null, command, others: [bad] }, flags });
  await run(stateDir, { own: { path: null, command, stop: stopped }, flags: { skipPoints: 3 } });
  // A load with a checkpoint resumes without this number.
  await run(stateDir, { stopAfter: 2, own: { command } });
  expect(skipped).toEqual([2, 4, 3, null]);
});

test('an input whose head contradicts the options in a later run needs no second attempt', async () => {
  const stateDir = await folder();
  await run(stateDir, { stopAfter: 1 });
  const load = { text: points(4), path: '/a.lp', command: () => 'again' };
  const { summary } = await loadText({ ...load, flags: { stateDir, expectTime: '2000..2010' } });
  expect(summary).toMatchObject({ outcome: 'input', points: { loaded: 1 }, continueWith: null });
});

test('a run that fails before it can resume leaves the checkpoint of an earlier run', async () => {
  const stateDir = await folder();
  await run(stateDir, { stopAfter: 2 });
  const describe = () => Promise.reject(new RefusedError('no privilege'));
  const failed = await loadText({ own: { describe }, text: points(4), path: '/a.lp', flags: { stateDir } });
  expect(failed.summary).toMatchObject({ outcome: 'refused', points: { read: 0 } });
  expect(await run(stateDir)).toMatchObject({ read: 2, loaded: 4, resumed: ['resume'] });
});

test('a run that fails before its first checkpoint leaves none', async () => {
  const stateDir = await folder();
  const own = {
    traits: { ...createCustomTarget({ write: accepted }).traits, countsPoints: true },
    columns: () => Promise.resolve([{ table: 'm', name: 'f', type: 'float' } as const]),
    count: () => Promise.reject(new UnavailableError('no answer')),
  };
  const { summary } = await loadText({ own, path: '/a.lp', flags: { stateDir, verify: true } });
  expect([summary.outcome, summary.checkpoint]).toEqual(['unavailable', null]);
  expect(await contents(stateDir)).toEqual({});
});

test('a usage error in the first points leaves no checkpoint', async () => {
  const stateDir = await folder();
  const own = { piece: { from: INPUT_START, to: null } };
  const usage = await run(stateDir, { own, flags: { expectTime: '2000..2010' } });
  expect(usage).toMatchObject({ outcome: 'usage', checkpoint: null });
  expect(await contents(stateDir)).toEqual({});
});

test('a load of an input without a path, also beside others, leaves only its dead letters', async () => {
  const pipe: Input = { name: '-', path: null, size: null, open: () => Promise.resolve(bytesSource(Buffer.from(''))) };
  for (const own of [{ path: null }, { path: '/a.lp', others: [pipe] }]) {
    const stateDir = await folder();
    const bad = await loadText({ ...own, text: `${points(1)}m f=x 1\n`, flags: { stateDir } });
    expect(Object.keys(await contents(stateDir)).map((name) => name.replace(/^\w+\.rejected-\w+/, ''))).toEqual([
      ...['.lp', '.ndjson'],
    ]);
    expect(bad.notices.filter(({ kind }) => kind === 'checkpoint')).toEqual([]);
    expect(bad.summary.checkpoint).toBeNull();
  }
});

test('inputs of which --skip-points left points out are read by a later load with --skip-loaded', async () => {
  const stateDir = await folder();
  const skipped = await run(stateDir, { flags: { skipPoints: 1 } });
  expect(skipped).toMatchObject({ outcome: 'complete', loaded: 3 });
  expect(await run(stateDir, { flags: { skipLoaded: true } })).toMatchObject({ read: 4, loaded: 4 });
  expect(await run(stateDir, { flags: { skipLoaded: true, minPoints: 0 } })).toMatchObject({ read: 0 });
});

test('a first run with --fresh abandons nothing', async () => {
  expect(await run(await folder(), { flags: { fresh: true } })).toMatchObject({ loaded: 4, resumed: [] });
});

test('a run whose memory limit is too small leaves the checkpoint of an earlier run', async () => {
  const stateDir = await folder();
  await run(stateDir, { stopAfter: 2 });
  const failed = await loadText({ text: points(4), path: '/a.lp', flags: { stateDir, memoryLimit: '20MiB' } });
  expect(failed.summary).toMatchObject({ outcome: 'memory', points: { read: 0 } });
  expect(await run(stateDir)).toMatchObject({ read: 2, loaded: 4, resumed: ['resume'] });
});
