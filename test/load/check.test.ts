// What `check` finds out about a load, without the command around it.

import { expect, test } from 'vitest';
import { resolve } from '../../src/config/resolve.js';
import { InputError, RefusedError, UnavailableError } from '../../src/core/errors.js';
import { defaultDatabaseSettings, type Input } from '../../src/core/types/index.js';
import { type CheckContext, check } from '../../src/load/check.js';
import { options as optionTable } from '../../src/load/option-table.js';
import { createCustomTarget } from '../../src/targets/custom/custom-target.js';
import { bytesSource } from '../formats/support.js';

type Queue = NonNullable<CheckContext['queue']>;

const target = createCustomTarget({
  write: ({ bytes }) =>
    Promise.resolve({ verdict: { kind: 'accepted' }, endpoint: 'own', latencyMs: 1, sentBytes: bytes.length }),
});

function input(text: string): Input {
  const bytes = Buffer.from(text);
  return { name: 'a.lp', path: null, size: bytes.length, open: () => Promise.resolve(bytesSource(bytes)) };
}

async function checked(text: string | readonly Input[], flags: Record<string, unknown>, own = target, queue?: Queue) {
  const { settings } = await resolve(optionTable, { flags: { db: 'db', ...flags }, env: {} });
  const inputs = typeof text === 'string' ? [input(text)] : text;
  const signal = new AbortController().signal;
  return await check(settings, { inputs, target: own, signal, ...(queue && { queue }) });
}

const lines = 'm f=1 1640995200000000000\nm f=2 1640995200000000001\n';

test('fewer points than --min-points are an input problem, unless --skip-loaded may have left some out', async () => {
  expect((await checked(lines, { minPoints: 2 })).outcome).toBe('complete');
  const few = await checked(lines, { minPoints: 3 });
  expect(few.outcome).toBe('input');
  expect(few.problems.map(({ message }) => message)).toEqual([
    expect.stringMatching(/expected at least 3 points \(--min-points\), found 2/),
  ]);
  expect((await checked(lines, { minPoints: 3, skipLoaded: true })).outcome).toBe('complete');
});

test('rejects of the head end with complete-with-rejects, unless --accept-rejects allows them', async () => {
  const bad = `${lines}m f=x 1640995200000000002\n`;
  expect((await checked(bad, {})).outcome).toBe('complete-with-rejects');
  expect((await checked(bad, { acceptRejects: 1 })).outcome).toBe('complete');
});

test('a missing database is a problem unless --create-db would create it', async () => {
  const missing = {
    ...target,
    describe: () => Promise.reject(new RefusedError('create the database with --create-db')),
  };
  expect(await checked(lines, {}, missing)).toMatchObject({
    outcome: 'refused',
    creates: false,
    problems: { length: 1 },
  });
  expect(await checked(lines, { createDb: true }, missing)).toMatchObject({
    outcome: 'complete',
    creates: true,
    problems: [],
  });
});

test('a defect of a target is thrown and not reported as a problem of the load', async () => {
  const broken = { ...target, describe: () => Promise.reject(new TypeError('x is not a function')) };
  await expect(checked(lines, {}, broken)).rejects.toThrow(TypeError);
});

test('the target is closed when check is stopped, so that a dry run leaves no temporary file', async () => {
  const { settings } = await resolve(optionTable, { flags: { db: 'db' }, env: {} });
  const controller = new AbortController();
  let closed = 0;
  const own = {
    ...target,
    describe: () => {
      controller.abort(new Error('SIGTERM'));
      return target.describe(controller.signal);
    },
    close: async () => {
      closed += 1;
    },
  };
  const checking = check(settings, { inputs: [input(lines)], target: own, signal: controller.signal });
  await expect(checking).rejects.toThrow('SIGTERM');
  expect(closed).toBe(1);
});

test('a node with too little --target-memory is a problem, unless a wrong --precision falsifies the times', async () => {
  const found = await checked(lines, { targetMemory: '64MiB' });
  expect([found.outcome, found.problems.length]).toEqual(['refused', 1]);
  const misread = await checked(lines, { targetMemory: '64MiB', precision: 's' });
  expect(misread.problems.map(({ outcome }) => outcome)).toEqual(['usage']);
});

test('a wrong --precision of one input is enough to ignore the forecast', async () => {
  const inSeconds = 'm f=1 1640995200\nm f=2 1640995201\n';
  const { problems } = await checked([input(lines), input(inSeconds)], { targetMemory: '64MiB' });
  expect(problems.map(({ outcome }) => outcome)).toEqual(['usage']);
});

test('a target whose memory is not planned gets no forecast', async () => {
  const own = { ...target, traits: { ...target.traits, plansMemory: false } };
  expect(await checked(lines, { targetMemory: '64MiB' }, own)).toMatchObject({ outcome: 'complete', advice: [] });
});

test('the points are compared with the columns of the target, unless the target cannot be described', async () => {
  const columns = () => Promise.resolve([{ table: 'm', name: 'f', type: 'string' } as const]);
  const known = await checked(lines, {}, { ...target, columns });
  expect([known.outcome, known.inputs[0]!.newTables]).toEqual(['complete-with-rejects', []]);
  expect((await checked(lines, {})).inputs[0]!.newTables).toEqual(['m']);
  const describe = () => Promise.reject(new RefusedError('no privilege'));
  const unknown = { ...target, describe, columns: () => expect.unreachable(), layout: () => expect.unreachable() };
  const refused = await checked(lines, { createDb: true }, unknown);
  expect(refused).toMatchObject({ outcome: 'refused', creates: false, problems: [{ message: 'no privilege' }] });
  expect(refused.inputs[0]).toMatchObject({ points: 2, newTables: ['m'] });
});

test('problems of memory, input and target are listed together', async () => {
  const describe = () => Promise.reject(new RefusedError('create the database with --create-db'));
  const gone: Input = { ...input(''), name: 'b.lp', open: () => Promise.reject(new InputError('b.lp is gone')) };
  const found = await checked([input(lines), gone], { memoryLimit: '20MiB', createDb: true }, { ...target, describe });
  expect(found).toMatchObject({ memory: null, creates: true, inputs: [{ points: 2 }, { points: 0 }] });
  expect(new Set(found.problems.map(({ outcome }) => outcome))).toEqual(new Set(['input', 'memory']));
});

test('a check with --queue has facts about its server, or the error of the connection', async () => {
  const facts = { workers: [] } as unknown as Awaited<ReturnType<Queue>>;
  expect((await checked(lines, {}, target, () => Promise.resolve(facts))).queue).toBe(facts);
  const away = await checked(lines, {}, target, () => Promise.reject(new UnavailableError('no queue')));
  expect(away).toMatchObject({ queue: null, outcome: 'unavailable', problems: [{ message: 'no queue' }] });
  expect((await checked(lines, {})).queue).toBeNull();
});

test('--min-points is compared with inputs that were read to their end and have no other problem', async () => {
  const large = `m s="${'x'.repeat(1000)}" 1640995200000000000\n`.repeat(2000);
  expect((await checked([input(large), input(lines)], { minPoints: 1_000_000 })).problems).toEqual([]);
  const bad = await checked([input('no line protocol\n'), input(lines)], { minPoints: 9 });
  expect(bad.problems.map(({ message }) => message)).toEqual([expect.stringContaining('is --format right?')]);
  expect((await checked([], {})).outcome).toBe('complete');
});

test('more rejects than --max-rejected in the heads end with too-many-rejects', async () => {
  expect((await checked(`${lines}m f=x 1640995200000000002\n`, { maxRejected: '0' })).outcome).toBe('too-many-rejects');
});

test('a --time-format that cannot be read is a problem, and the inputs are still checked', async () => {
  const found = await checked(lines, { timeFormat: '%Q' });
  expect(found).toMatchObject({ outcome: 'usage', inputs: [{ points: 2 }] });
  expect(found.problems.map(({ message }) => message)).toContainEqual(expect.stringContaining('%Q'));
});

const missing = {
  ...target,
  describe: () => Promise.reject(new RefusedError('create the database with --create-db')),
};
const adviceOf = async (...args: Parameters<typeof checked>): Promise<string> =>
  (await checked(...args)).advice.map(({ message }) => message).join('\n');

test('the forecast for a database that does not exist yet uses --db-options, but only with --create-db', async () => {
  const dbOptions = 'SHARD 6';
  expect(await adviceOf(lines, { createDb: true, dbOptions }, missing)).toContain('6 vnodes');
  expect(await adviceOf(lines, {}, missing)).toBe('');
});

test('a load sets MAX_MEMCACHE_SIZE of a database that it creates, unless --db-options sets it', async () => {
  const create = { createDb: true, targetMemory: '4GiB' };
  const sets = 'the load creates the database with MAX_MEMCACHE_SIZE';
  expect(await adviceOf(lines, create, missing)).toContain(sets);
  expect(await adviceOf(lines, { ...create, dbOptions: "MAX_MEMCACHE_SIZE '64MiB'" }, missing)).not.toContain(sets);
  expect(await adviceOf(lines, create)).not.toContain(sets);
});

test('the forecast for an existing database uses the layout that the target reports', async () => {
  const layout = () => Promise.resolve({ nodes: 3, vnodesPerNode: 50, from: 'replicas' as const });
  expect(await adviceOf(lines, {}, { ...target, layout })).toContain('SHOW REPLICAS lists 3 nodes');
});

const dayMs = 86_400_000;
const daily = {
  ...target,
  describe: () =>
    Promise.resolve({
      ...{ kind: 'own', version: null, endpoints: [] },
      database: { ...defaultDatabaseSettings, vnodeDurationMs: dayMs },
    }),
};

test('the time buckets of rows are those of their first points', async () => {
  const csv = 'time,f\n1640995200000000000,1\n1641081600000000000,2\n1641168000000000000,3\n';
  const flags = { format: 'csv', measurement: 'm', timeColumn: 'time' };
  expect(await adviceOf(csv, flags, daily)).toContain('3 time buckets');
});

test('the time buckets of line protocol are those between both ends of the file', async () => {
  const text = `${`m s="${'x'.repeat(1000)}" 1640995200000000000\n`.repeat(1200)}m s="" 1641168000000000000\n`;
  const bytes = Buffer.from(text);
  const file = {
    size: bytes.length,
    version: 'v',
    bytes: async (from: number, to: number) => bytes.subarray(from, to),
  };
  const open: Input['open'] = () => Promise.resolve({ ...bytesSource(bytes), file });
  const found = { name: 'a.lp', path: '/a.lp', size: bytes.length, open };
  expect(await adviceOf([found], {}, daily)).toContain('2 time buckets');
});

test('folders that do not become tags are a warning about the options', async () => {
  const found = { ...input(lines), name: 'host=a/a.lp', folderColumns: [{ name: 'host', value: 'a' }] };
  expect((await checked([found as Input], {})).unused).toMatch(/^the folders of host=a\/a\.lp .* do not become tags/);
  expect((await checked([found as Input], { hivePartitioning: 'off' })).unused).toBeNull();
});
