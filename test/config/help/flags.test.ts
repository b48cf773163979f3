import { expect, test } from 'vitest';
import { flags, isSwitch, normalizeSwitches } from '../../../src/config/help/flags.js';
import { UsageError } from '../../../src/core/errors.js';
import { options } from '../../../src/load/option-table.js';

test('the flag, its help and its variable derive from the key of an option', () => {
  const flag = flags(options).find(({ key }) => key === 'batchPoints');
  expect(flag).toMatchObject({ flags: '--batch-points <points>', repeatable: false, negates: false });
  expect(flag?.description).toBe('maximum points in a batch [10000; BULK_LOAD_BATCH_POINTS]');
});

test('every switch, and nothing else, has a negation', () => {
  const negated = flags(options).filter(({ negates }) => negates);
  expect(negated.map(({ key }) => key)).toEqual(options.rows.filter(isSwitch).map(({ key }) => key));
  expect(negated.map(({ flags }) => flags)).toContain('--no-create-db');
});

test('every key is unique', () => {
  const keys = options.rows.map(({ key }) => key);
  expect(new Set(keys).size).toBe(keys.length);
});

test('a switch with a value becomes the switch or its negation', () => {
  const argv = ['--quiet=false', '--create-db=TRUE', '--db=true', 'in.lp', '--', '--quiet=false'];
  expect(normalizeSwitches(options, argv)).toEqual([
    '--no-quiet',
    '--create-db',
    '--db=true',
    'in.lp',
    '--',
    '--quiet=false',
  ]);
});

test('--dry-run takes a file after an equals sign only, so that the next word stays an input', () => {
  expect(normalizeSwitches(options, ['--dry-run', 'in.csv'])).toEqual(['--dry-run=-', 'in.csv']);
  expect(normalizeSwitches(options, ['--dry-run=out.lp', '-', '--', '--dry-run'])).toEqual([
    '--dry-run=out.lp',
    '-',
    '--',
    '--dry-run',
  ]);
});

test('a switch with a value other than true or false is a problem', () => {
  expect(() => normalizeSwitches(options, ['--quiet=maybe', '--in-order='])).toThrow(UsageError);
});
