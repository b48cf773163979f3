// Runs before each test file: chooses the mutant of this run, and writes down which mutants the file reaches.

import { appendFileSync, readFileSync } from 'node:fs';
import { afterAll, expect } from 'vitest';

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
