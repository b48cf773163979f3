import { expect, test } from 'vitest';
import { folderColumns, folderPath } from '../../../src/core/points/hive-folders.js';

test('each folder key=value above the file is a column, and other folders are not', () => {
  expect(folderColumns('data/host=a/x=/=y/day=2026-01-01/=/host=b.csv')).toEqual([
    { name: 'host', value: 'a' },
    { name: 'x', value: null },
    { name: 'day', value: '2026-01-01' },
  ]);
  expect(folderColumns('part-0=1.parquet')).toEqual([]);
});

test('a value may hold an equals sign, and the null of Hive is no value', () => {
  expect(folderColumns('q=a=b/host=__HIVE_DEFAULT_PARTITION__/f')).toEqual([
    { name: 'q', value: 'a=b' },
    { name: 'host', value: null },
  ]);
});

test('names and values are decoded as Hive, Spark and pyarrow encode them, and other text stays', () => {
  const read = folderColumns('a%20b=x%2Fy%3D/c=100%/d=%zz/e=%C3%A4/f=%ff/g=a+b/h').map(({ name, value }) => [
    name,
    value,
  ]);
  expect(read).toEqual([
    ['a b', 'x/y='],
    ['c', '100%'],
    ['d', '%zz'],
    ['e', 'ä'],
    ['f', '%ff'],
    ['g', 'a+b'],
  ]);
});

test.each(['a/b', '%41', 'x:y?', 'ä ö', '', '{1}', '\u0001'])(
  'the folder of the value %j is read as that value',
  (value) => {
    const columns = [{ name: 'k=', value: value === '' ? null : value }];
    expect(folderColumns(`${folderPath(columns)}/f`)).toEqual(columns);
  },
);
