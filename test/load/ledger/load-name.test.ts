import { expect, test } from 'vitest';
import { type LoadIdentity, loadName } from '../../../src/load/ledger/load-name.js';

const identity: LoadIdentity = {
  target: 'cnosdb',
  tenant: 'cnosdb',
  database: 'bench',
  inputs: ['/data/a.lp', '/data/b.lp'],
  format: 'lp',
  precision: 'ns',
};

test('a load keeps its name from one release to the next', () => {
  expect(loadName(identity)).toBe('2fac6586f1a3');
});

test('the order of the inputs does not make another load', () => {
  expect(loadName({ ...identity, inputs: ['/data/b.lp', '/data/a.lp'] })).toBe(loadName(identity));
});

test.each<Partial<LoadIdentity>>([
  { target: 'influxdb2' },
  { tenant: 'other' },
  { database: 'other' },
  { inputs: ['/data/a.lp'] },
  { inputs: ['/data/a.lp,/data/b.lp'] },
  { inputs: ['-'] },
  { format: 'csv' },
  { precision: 'ms' },
  { tenant: 'cnosdbbench', database: '' },
])('%o makes another load', (change) => {
  const name = loadName({ ...identity, ...change });
  expect(name).toMatch(/^[0-9a-f]{12}$/);
  expect(name).not.toBe(loadName(identity));
});
