import { expect, test } from 'vitest';
import { translateFlagNames } from '../../../src/cli/load-cnosdb/translate-flags.js';

test.each([
  ['see --db, or have it created with --create-db', 'see --db-name, or have it created with --do-create-db'],
  ['start it, or wait longer with --wait-for-target', 'start it, or wait longer with BULK_LOAD_WAIT_FOR_TARGET'],
  ['--missing-timestamp now stamps those without', 'BULK_LOAD_MISSING_TIMESTAMP=now stamps those without'],
  ['it would fit as --precision ms (2022)', 'it would fit as BULK_LOAD_PRECISION=ms (2022)'],
  ['see --user and --password', 'see --username and --password'],
  [
    `another database: --db NAME --create-db --db-options "PRECISION 'NS'"`,
    `another database: --db-name NAME --do-create-db BULK_LOAD_DB_OPTIONS="PRECISION 'NS'"`,
  ],
  ['has no effect for --target cnosdb', 'has no effect for --target cnosdb'],
  ['see --drop-existing, a--db, --dbs and -db', 'see --drop-existing, a--db, --dbs and -db'],
])('%s is translated to the flags of load_cnosdb', (ours, its) => {
  expect(translateFlagNames(ours)).toBe(its);
});
