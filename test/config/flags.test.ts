import { expect, test } from 'vitest';
import { flags, spellSwitches } from '../../src/config/flags.js';
import { options } from '../../src/config/options.js';
import { UsageError } from '../../src/core/errors.js';

test('names derive from the key', () => {
  const flag = flags().find(({ key }) => key === 'batchPoints');
  expect(flag).toMatchObject({ flags: '--batch-points <points>', repeatable: false, negates: false });
  expect(flag?.description).toBe('most points in a batch [10000; BULK_LOAD_BATCH_POINTS]');
});

test('every switch, and nothing else, has a negation', () => {
  const negated = flags().filter(({ negates }) => negates);
  expect(negated.map(({ key }) => key)).toEqual(
    options.filter(({ is }) => is.kind.startsWith('switch')).map(({ key }) => key),
  );
  expect(negated.map(({ flags }) => flags)).toContain('--no-create-db');
});

test('keys and names are given once', () => {
  const keys = options.map(({ key }) => key);
  expect(new Set(keys).size).toBe(keys.length);
});

test('a switch with a value is spelled as the switch or its negation', () => {
  const argv = ['--quiet=false', '--create-db=TRUE', '--db=true', 'in.lp', '--', '--quiet=false'];
  expect(spellSwitches(argv)).toEqual(['--no-quiet', '--create-db', '--db=true', 'in.lp', '--', '--quiet=false']);
});

test('a switch that may name a file does so behind an equals sign only: what follows is an input', () => {
  expect(spellSwitches(['--dry-run', 'in.csv'])).toEqual(['--dry-run=-', 'in.csv']);
  expect(spellSwitches(['--dry-run=out.lp', '-', '--', '--dry-run'])).toEqual([
    '--dry-run=out.lp',
    '-',
    '--',
    '--dry-run',
  ]);
});

test('a switch with another value is a problem', () => {
  expect(() => spellSwitches(['--quiet=maybe', '--in-order='])).toThrow(UsageError);
});
