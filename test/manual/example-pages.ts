// Expectations about one page. With `npm run docs` they write the page instead.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import {
  agrees,
  commands,
  type RunOptions,
  readPage,
  rewrites,
  root,
  runPage,
  section,
  withOutputs,
  withSection,
} from '../support/manual.js';

/** Runs the page at `path`. With `npm run docs` writes what the commands printed. */
export async function expectExamples(path: string, options: RunOptions): Promise<void> {
  const page = await readPage(path);
  const outputs = await runPage(page, options);
  if (rewrites) await writeFile(join(root, path), withOutputs(page, outputs));
  const shown = commands(await readPage(path));
  expect(shown.length).toBeGreaterThan(0);
  const different = shown.flatMap((command, i) => {
    const { text, output, line } = command;
    return agrees(command, outputs[i]!) ? [] : [{ at: `${path}:${line}: ${text}`, shown: output, printed: outputs[i] }];
  });
  expect(different).toEqual([]);
}

/** Compares a part of the page at `path` that derives from the code. With `npm run docs` writes it. */
export async function expectSection(path: string, name: string, text: string): Promise<void> {
  if (rewrites) await writeFile(join(root, path), withSection(await readPage(path), name, text));
  expect(section(await readPage(path), name)).toBe(text);
}
