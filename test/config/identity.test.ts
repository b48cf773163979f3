import { expect, test } from 'vitest';
import { readingIdentity } from '../../src/config/identity.js';
import { options } from '../../src/load/option-table.js';
import { settings } from './support.js';

/** Options of inputs that change which points are read, or when, but not what a point of the input becomes. The loads of
 * --context-map are those of --context and --db. */
const readTheSame = [
  'missingTimestamp',
  'maxPointBytes',
  'limit',
  'skipPoints',
  'minPoints',
  'expectTime',
  'onInputError',
  'inOrder',
  'contextMap',
];

test('every option that changes what is read belongs to the identity of a load', () => {
  const about = options.rows.filter(({ group }) => group === 'input' || group === 'mapping');
  expect(about.length).toBeGreaterThan(20);
  expect(about.filter(({ identity }) => !identity).map(({ key }) => key)).toEqual(readTheSame);
  const target = options.rows.filter(({ group, identity }) => group === 'target' && identity);
  expect(target.map(({ key }) => key)).toEqual(['target', 'db', 'rp', 'tenant']);
});

test('the identity of the defaults is that of earlier versions, so that their checkpoints are found', () => {
  expect(readingIdentity(options, settings({}))).toBe(
    'auto [null,null,null,null,"auto","UTC","reject",null,null,"\\"",false,0,"utf-8",null]',
  );
  expect(readingIdentity(options, settings({ format: 'lp' }))).toBe('lp');
  const mapped = { format: 'csv', tags: 'host', fields: 'v:float:x', null: 'NA', encoding: 'latin1' };
  expect(readingIdentity(options, settings(mapped))).toBe(
    'csv [null,[{"name":"host","as":"host"}],[{"name":"v","type":"float","as":"x"}],null,"auto","UTC","reject",["NA"],null,"\\"",false,0,"windows-1252",null]',
  );
});

const other: Readonly<Record<string, unknown>> = {
  format: 'json',
  measurement: 'cpu',
  tags: 'a',
  fields: 'a:float',
  timeColumn: 'at',
  timeFormat: 'ms',
  timezone: '+01:00',
  ambiguousTime: 'later',
  null: '-',
  delimiter: ';',
  quote: 'none',
  escape: '\\',
  noHeader: true,
  skipLines: 1,
  encoding: 'latin1',
  columns: 'a,b',
  jsonPath: 'data',
  context: 'db/rp',
  decimal: ',',
  timeRounding: 'truncate',
  skipAfterHeader: 1,
  thousands: '.',
  hivePartitioning: 'off',
  addTag: 'site=a',
};
const marked = options.rows.filter(({ key, group, identity }) => identity && group !== 'target' && key !== 'precision');

test.each(marked.map(({ key }) => key))('another %s makes another load', (key) => {
  expect(other[key], `a value for ${key} in this test`).toBeDefined();
  expect(readingIdentity(options, settings({ [key]: other[key] }))).not.toBe(readingIdentity(options, settings({})));
});

test('an option of a later version leaves the identity as it is while it has its default', () => {
  const later = { ...options.rows.find(({ key }) => key === 'timezone')!, key: 'radix', default: '.' };
  const extended = { ...options, rows: [...options.rows, { ...later, is: { kind: 'text' } as const }] };
  const given = { ...settings({}), radix: '.' };
  expect(readingIdentity(extended, given)).toBe(readingIdentity(options, settings({})));
  expect(readingIdentity(extended, { ...given, radix: ',' } as typeof given)).toMatch(/ \[\["radix",","\]\]$/);
});
