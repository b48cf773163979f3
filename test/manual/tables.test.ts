// Tables of the manual that derive from the code. `npm run docs` writes them.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { renderOptionsTable } from '../../src/config/documentation.js';
import { readPage, rewrites, root, section, withSection } from '../support/manual.js';

const tables: readonly (readonly [page: string, name: string, render: () => string])[] = [
  ['src/manual/options.md', 'options', renderOptionsTable],
];

test.each(tables)('%s lists the %s that exist', async (page, name, render) => {
  if (rewrites) await writeFile(join(root, page), withSection(await readPage(page), name, render()));
  expect(section(await readPage(page), name)).toBe(render());
});
