// Runs before each test file: chooses the mutant of this run, and writes down which mutants each test reaches. Skips tests that
// start the built program: it has no mutants, and takes long on a busy machine.

import { appendFileSync, readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeEach, expect, vi } from 'vitest';
import { getCurrentTest } from 'vitest/suite';

vi.mock(import('../support/programs/process.js'), async (original) => ({
  ...(await original()),
  start: () => getCurrentTest()!.context.skip('the built program has no mutants'),
}));

const folder = process.env.MUTATION_FOLDER!;
const active = Number(readFileSync(`${folder}/active`, 'utf8'));
/** The first run has no mutant and collects which mutants are reached. */
const collects = active === -1;
/** Mutants that are reached outside of tests, for example while modules are loaded: they concern every test of the file. */
const outside = new Set<number>();
const byTest = new Map<string, Set<number>>();
let current = outside;

Object.assign(globalThis, {
  mutation: {
    isActive: (id: number): boolean => {
      if (collects) current.add(id);
      return id === active;
    },
  },
});

beforeEach(({ task }) => {
  const name = fullName(task);
  current = byTest.get(name) ?? new Set();
  byTest.set(name, current);
});
afterEach(() => {
  current = outside;
});
afterAll(() => {
  // The next file reads our sources anew: code outside of functions belongs to each file, too.
  vi.resetModules();
  if (!collects) return;
  const tests = [...byTest].map(([name, ids]) => [name, [...ids]]);
  appendFileSync(`${folder}/reached`, `${JSON.stringify([expect.getState().testPath, [...outside], tests])}\n`);
});

/** The name that vitest compares with a pattern of names. */
function fullName({ name, suite }: { name: string; suite?: object | undefined }): string {
  return suite === undefined ? name : `${fullName(suite as Parameters<typeof fullName>[0])} ${name}`;
}
