// Which options, names and plans the coordinator of a fleet gives to its workers.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { UsageError } from '../../../../src/core/errors.js';
import type { Input } from '../../../../src/core/types/index.js';
import type { AllowedInputs } from '../../../../src/fleet/allowed-inputs.js';
import type { FleetPlan } from '../../../../src/fleet/plan-file.js';
import { pieceId } from '../../../../src/fleet/queue/piece-queue.js';
import { planLoad } from '../../../../src/load/fleet/plan-load.js';
import {
  assertNamed,
  fitsPlan,
  identityHash,
  plannedJobs,
  sharedOptions,
  targetHash,
} from '../../../../src/load/fleet/queue/fleet-jobs.js';
import { lines } from '../../../support/scene.js';
import { memoryFleet } from './memory-fleet.js';

const allowed = { nameOf: (path: string) => (path.startsWith('/data/') ? path.slice(6) : null) } as AllowedInputs;
const never = new AbortController().signal;

test('workers get the options of the load, without its target and without the memory of the machine', () => {
  const shared = { precision: 'ms', measurement: 'm', batchPoints: 5, workers: 2, targetMemory: '1GiB' };
  const own = { url: 'http://a', password: 'x', memoryLimit: '1GiB', memoryWatchdog: 'off', stateDir: '/x' };
  expect(sharedOptions({ ...shared, ...own })).toEqual(shared);
});

test('the hash of the target tells databases apart, and the identity also what is read', async () => {
  const { settingsOf } = await memoryFleet();
  const settings = await settingsOf('a');
  const hashes = new Set([settings, { ...settings, db: 'e' }, { ...settings, tenant: 't' }].map(targetHash));
  expect(hashes.size).toBe(3);
  expect([...hashes].every((hash) => /^[0-9a-f]{16}$/.test(hash))).toBe(true);
  const asMs = { ...settings, precision: 'ms' } as const;
  expect([targetHash(asMs) === targetHash(settings), identityHash(asMs) === identityHash(settings)]).toEqual([
    true,
    false,
  ]);
});

test('each piece of an input with pieces is a job, numbered by its input', () => {
  const place = { byteOffset: 0, line: 1, ordinal: 0, digits: 0 };
  const pieces = [1, 2].map((line) => ({ from: { ...place, line }, to: null, bytes: 1, points: null }));
  const input = { name: 'a', path: '/data/a.lp', folders: [], size: 3, hash: 'h', error: null };
  // An input without pieces needs no name.
  const inputs = [
    { ...input, path: '/elsewhere', pieces: [] },
    { ...input, pieces },
  ];
  const jobs = [...plannedJobs({ id: 'plan', inputs } as unknown as FleetPlan, allowed)];
  expect(jobs).toEqual(
    pieces.map((piece) => {
      const content = { path: 'a.lp', folders: [], size: 3, hash: 'h' };
      const job = { formatVersion: 1, plan: 'plan', input: content, piece };
      return { id: pieceId(job as never), job, input: 1 };
    }),
  );
});

test('inputs without a path and inputs that --allow-input excludes are named, at most ten of them', () => {
  const input = (path: string | null): Input => ({ name: `${path}`, path }) as Input;
  const problems = (inputs: readonly Input[]): readonly string[] => {
    try {
      assertNamed(inputs, allowed);
    } catch (error) {
      if (error instanceof UsageError) return error.problems;
    }
    return [];
  };
  expect(problems([input('/data/a')])).toEqual([]);
  expect(problems([input('/data/a'), input('/b'), input(null)])).toEqual([
    expect.stringMatching(/^handing \/b to workers: .* found another place/),
    expect.stringMatching(/^handing null to workers/),
  ]);
  expect(problems(Array.from({ length: 12 }, () => input('/b')))).toHaveLength(10);
});

test('a plan fits its own options and unchanged inputs only', async () => {
  const fleet = await memoryFleet();
  const { folder, clock, inputOf, settingsOf } = fleet;
  const settings = await settingsOf('a');
  const path = await fleet.file('a.lp', lines(10));
  const inputs = [await inputOf(path)];
  const plan = await planLoad(settings, {
    ...{ version: '1', clock, signal: never, notify: () => {}, inputs, target: fleet.target(), given: {} },
    ...{ parsed: () => {}, resident: { bytes: () => 0, peak: () => 0, close: () => {} } },
    createTarget: () => Promise.resolve(fleet.target()),
  });
  const fits = (change: Partial<FleetPlan> = {}, given = inputs, version = '1') =>
    fitsPlan({ ...plan, ...change }, settings, given, version, never);
  expect(await fits()).toBe(true);
  expect(await fits({ identity: '' })).toBe(false);
  expect(await fits({}, inputs, '2')).toBe(false);
  expect(await fits({}, [])).toBe(false);
  expect(await fits({}, [{ ...inputs[0]!, path: join(folder, 'b.lp') }])).toBe(false);
  expect(await fits({}, [{ ...inputs[0]!, size: 1 }])).toBe(false);
  // An input of unknown size counts as empty.
  const [first] = plan.inputs;
  const empty = { inputs: [{ ...first!, size: 0, hash: null }] };
  expect(await fits(empty, [{ ...inputs[0]!, size: null }])).toBe(true);
  expect(await fits({ inputs: [{ ...first!, hash: null }] })).toBe(true);
  await writeFile(path, lines(10).replace('f=1', 'f=2'));
  expect(await fits()).toBe(false);
  expect(await fits({}, [{ ...inputs[0]!, open: () => Promise.reject(new Error('gone')) }])).toBe(false);
});
