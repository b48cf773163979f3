import { expect, test } from 'vitest';
import { createOptions, type TargetOptions } from '../../src/config/options.js';
import { validate } from '../../src/config/validate.js';
import { strictestNameLimits } from '../../src/core/types/index.js';
import { options } from '../../src/load/option-table.js';
import { lineOf } from './support.js';

const toy: TargetOptions = {
  kind: 'toydb',
  defaultPort: 1234,
  traits: { plansMemory: false },
  defaults: { user: 'toy', tenant: '', targetMemory: 'off' },
  takesZstd: false,
  needsDatabase: true,
  nameLimits: { ...strictestNameLimits, seriesKeyBytes: 10 },
  unsupportedOptions: { verify: 'look at the toy' },
  validate: ({ workers }) =>
    workers === 7 ? [{ key: 'workers', expected: 'another number', found: '7', fix: '' }] : [],
};
const extended = createOptions({ targets: [...options.targets, toy], formats: [{ name: 'lp' }, { name: 'toy' }] });
const defaults = Object.fromEntries(extended.rows.map((row) => [row.key, row.default]));
const validated = (given: Record<string, unknown>) =>
  validate(extended, { ...defaults, stateDir: '/s', db: 'd', target: 'toydb', ...given }, new Set(Object.keys(given)));

test('a registered target or format is a value of its option and appears in the help', () => {
  const row = (key: string) => extended.rows.find((each) => each.key === key);
  expect(row('target')?.description).toBe(
    'kind of the target: cnosdb, influxdb1, influxdb2, influxdb3, victoriametrics or toydb',
  );
  expect(row('format')?.is).toEqual({ kind: 'choice', values: ['auto', 'lp', 'toy'] });
});

test('a registered target brings its defaults, its limits and its rules', () => {
  expect(validated({})).toMatchObject({
    settings: { urls: [{ origin: 'http://localhost:1234' }], user: 'toy', names: { seriesKeyBytes: 10 } },
  });
  const result = validated({ verify: true, workers: 7 });
  expect('problems' in result ? result.problems.map(lineOf) : []).toEqual([
    'workers: expected another number, found 7.',
    'verify: expected a target that has this option, found --target toydb. Look at the toy.',
  ]);
});
