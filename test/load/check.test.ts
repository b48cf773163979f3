// What `check` finds out about a load, without the command around it.

import { expect, test } from 'vitest';
import { resolve } from '../../src/config/resolve.js';
import { RefusedError } from '../../src/core/errors.js';
import type { Input } from '../../src/core/types/index.js';
import { check } from '../../src/load/check.js';
import { options as optionTable } from '../../src/load/option-table.js';
import { createCustomTarget } from '../../src/targets/custom/custom-target.js';
import { bytesSource } from '../formats/support.js';

const target = createCustomTarget({
  write: ({ bytes }) =>
    Promise.resolve({ verdict: { kind: 'accepted' }, endpoint: 'own', latencyMs: 1, sentBytes: bytes.length }),
});

function input(text: string): Input {
  const bytes = Buffer.from(text);
  return { name: 'a.lp', path: null, size: bytes.length, open: () => Promise.resolve(bytesSource(bytes)) };
}

async function checked(text: string, flags: Record<string, unknown>, own = target) {
  const { settings } = await resolve(optionTable, { flags: { db: 'db', ...flags }, env: {} });
  return await check(settings, { inputs: [input(text)], target: own, signal: new AbortController().signal });
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
