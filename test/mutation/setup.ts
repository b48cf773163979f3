// Runs before each test file: chooses the mutant of this run, and writes down which mutants the file reaches. Skips tests that
// start the built program: it has no mutants, and takes long on a busy machine.

import { appendFileSync, readFileSync } from 'node:fs';
import { afterAll, expect, vi } from 'vitest';
import { getCurrentTest } from 'vitest/suite';

vi.mock(import('../support/programs/process.js'), async (original) => ({
  ...(await original()),
  start: () => getCurrentTest()!.context.skip('the built program has no mutants'),
}));

const folder = process.env.MUTATION_FOLDER!;
const active = Number(readFileSync(`${folder}/active`, 'utf8'));
const reached = new Set<number>();
/** The first run has no mutant and collects what is reached. */
const collects = active < 0;

Object.assign(globalThis, {
  mutation: {
    isActive: (id: number): boolean => {
      if (collects) reached.add(id);
      return id === active;
    },
  },
});

afterAll(() => {
  if (collects) appendFileSync(`${folder}/reached`, `${JSON.stringify([expect.getState().testPath, [...reached]])}\n`);
});
