// What planning refuses, what it does with inputs that cannot be read, and which columns it introduces.

import { expect, test } from 'vitest';
import type { Input, Target } from '../../../src/core/types/index.js';
import { wrapObject } from '../../../src/core/wrap-object.js';
import { type PlanContext, planLoad } from '../../../src/load/fleet/plan-load.js';
import { lines } from '../../support/scene.js';
import { memoryFleet } from './queue/memory-fleet.js';

/** Plans the files of the given contents with a target in memory. */
async function planned(
  flags: Readonly<Record<string, unknown>>,
  contents: readonly string[],
  own: Partial<PlanContext> = {},
  members: (target: Target) => Partial<Target> = () => ({}),
) {
  const fleet = await memoryFleet(flags);
  const paths = await Promise.all(contents.map((text, i) => fleet.file(`${i}.lp`, text)));
  let closed = 0;
  const plan = await planLoad(await fleet.settingsOf('state'), {
    ...{ version: '1', clock: fleet.clock, signal: new AbortController().signal, notify: () => {}, given: flags },
    ...{ parsed: () => {}, resident: { bytes: () => 0, peak: () => 0, close: () => (closed += 1) } },
    inputs: await Promise.all(paths.map(fleet.inputOf)),
    target: wrapObject(fleet.target(), members(fleet.target())),
    createTarget: () => Promise.resolve(fleet.target()),
    ...own,
  });
  expect([closed, fleet.clock.waiting]).toEqual([1, 0]);
  return { plan, lines: fleet.store.lines };
}

test.each([
  ['--missing-timestamp now', { missingTimestamp: 'now' }],
  ['--limit', { limit: 1 }],
  ['--skip-points', { skipPoints: 1 }],
  ['--in-order', { inOrder: true }],
  ['--skip-loaded', { skipLoaded: true }],
])('an option that counts across inputs is refused: %s', async (flag, flags) => {
  await expect(planned(flags, [lines(3)])).rejects.toMatchObject({
    outcome: 'usage',
    message: expect.stringMatching(new RegExp(`^planning .* found ${flag}\\. Leave ${flag} out`)) as unknown,
  });
});

test.each([
  ['-', null],
  ['http://host/a.lp?x=1', '/x'],
  ['https://host/a.lp#x', '/x'],
])('an input that other machines cannot read is refused: %s', async (name, path) => {
  const inputs = [{ name, path, size: 1 } as Input];
  await expect(planned({}, [], { inputs })).rejects.toThrow(/expected files and objects that every machine can read/);
});

test('a plan has the pieces, times and limits of all inputs, and its columns exist afterwards', async () => {
  const flags = { pieceBytes: '300', maxRejected: '5', acceptRejects: '2', minPoints: 7 };
  const { plan, lines: stored } = await planned(flags, [lines(30), lines(10, 'n')]);
  expect(plan).toMatchObject({
    ...{ formatVersion: 1, version: '1', options: flags, fieldTypes: {} },
    limits: { maxRejected: { count: 5 }, acceptRejects: { count: 2 }, minPoints: 7 },
    times: { totalBytes: Buffer.byteLength(lines(30) + lines(10, 'n')) },
  });
  expect(plan.inputs.map(({ pieces }) => pieces.reduce((n, { points }) => n + points!, 0))).toEqual([30, 10]);
  expect(plan.inputs[0]!.pieces.length).toBeGreaterThan(2);
  expect(plan.introduced).toEqual({ tables: 2, columns: 4 });
  // The first point of each table.
  expect([...stored]).toEqual([lines(1), lines(1, 'n')]);
});

test('an input without a valid point has an error, and the others are planned', async () => {
  const { plan } = await planned({}, ['no line protocol\n', lines(3)]);
  expect(plan.inputs.map(({ error, pieces }) => [error === null, pieces.length])).toEqual([
    [false, 0],
    [true, 1],
  ]);
  await expect(planned({ onInputError: 'stop' }, ['no line protocol\n', lines(3)])).rejects.toThrow(/0\.lp/);
  await expect(planned({}, ['no line protocol\n'])).rejects.toMatchObject({ outcome: 'input' });
});

test('inputs that contradict the options are refused, each of them', async () => {
  const inMs = lines(3).replaceAll('000000\n', '\n');
  await expect(planned({}, [inMs, inMs, lines(3)])).rejects.toMatchObject({
    outcome: 'usage',
    parts: { length: 2 },
  });
});

test('a column that no input has is the error of the last input, unless it has its own', async () => {
  const flags = { format: 'csv', measurement: 'm', timeColumn: 'time', fields: 'v,none' };
  const csv = 'time,host,v\n1640995200000000000,a,1\n';
  const { plan } = await planned(flags, [csv, csv, csv]);
  expect(plan.inputs.map(({ error }) => error)).toEqual([null, null, expect.stringContaining('none')]);
  expect((await planned({ ...flags, fields: 'v' }, [csv, csv])).plan.inputs.map(({ error }) => error)).toEqual([
    null,
    null,
  ]);
});

test('a single input that contradicts the options is refused, and an input of comments is planned', async () => {
  const inMs = lines(3).replaceAll('000000\n', '\n');
  await expect(planned({}, [lines(3), inMs])).rejects.toMatchObject({ outcome: 'usage', parts: { length: 1 } });
  const { plan } = await planned({}, [lines(3), '# only a comment\n']);
  expect(plan.inputs.map(({ error, pieces }) => [error, pieces.length])).toEqual([
    [null, 1],
    [null, 1],
  ]);
});

test('a target that lets several loads introduce columns gets no points from planning', async () => {
  const target = (await memoryFleet()).target();
  const own = { target: wrapObject(target, { traits: { ...target.traits, firstWriteExclusive: false } }) };
  const { plan, lines: stored } = await planned({}, [lines(3)], own);
  expect([plan.introduced, [...stored]]).toEqual([{ tables: 1, columns: 2 }, []]);
});

test('a column that an existing table lacks is introduced by its first point', async () => {
  const { plan, lines: stored } = await planned({}, [lines(3)], {}, (target) => ({
    columns: async (signal) => [{ table: 'm', name: 'value', type: 'float' }, ...(await target.columns(signal))],
  }));
  expect([plan.introduced.tables, [...stored]]).toEqual([0, [lines(1)]]);
});

test('a table is created with the columns of all inputs', async () => {
  const created: string[] = [];
  const createTable: Target['createTable'] = ({ table, columns }) => {
    created.push([table, ...columns.map(({ name }) => name).sort()].join(' '));
    return Promise.resolve(false);
  };
  const time = '1640995200000000000';
  await planned({}, [`a,h=x f=1 ${time}\nb f=1 ${time}\n`, `a,h=x f=2,g=2 ${time}\n`], {}, () => ({ createTable }));
  expect(created.sort()).toEqual(['a f g h', 'b f']);
});
