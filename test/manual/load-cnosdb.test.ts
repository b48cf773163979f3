import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { flagName } from '../../src/config/options.js';
import { options } from '../../src/load/option-table.js';
import { readPage, root, section } from '../support/manual.js';

const rows = section(await readPage('src/manual/load-cnosdb.md'), 'flags')
  .split('\n')
  .slice(2)
  .map((row) => row.split('|').map((cell) => [...cell.matchAll(/--[a-z-]+/g)].map(([flag]) => flag)));

test('the table of old and new flags names every flag of load_cnosdb', () => {
  const { stdout, stderr } = spawnSync(process.execPath, [join(root, 'bin/load_cnosdb.js'), '--help'], {
    encoding: 'utf8',
  });
  const flags = [...`${stdout}${stderr}`.matchAll(/^ +(--[a-z-]+)/gm)].map(([, flag]) => flag!);
  expect(flags.length).toBeGreaterThan(20);
  expect(rows.flatMap(([, old]) => old!).sort()).toEqual(flags.sort());
});

test('the table of old and new flags names only options of bulk-load that exist', () => {
  const known = options.rows.map(({ key }) => flagName(key));
  const named = rows.flatMap((cells) => cells[2]!);
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((flag) => !known.includes(flag))).toEqual([]);
});
