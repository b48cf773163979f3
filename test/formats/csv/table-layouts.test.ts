import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { csv, field, sent, tag } from '../rows/support.js';

function fixture(name: string): Buffer {
  return readFileSync(new URL(`../../../fixtures/cases/${name}`, import.meta.url));
}

test('--time-column date,time joins a date and a time in two columns', async () => {
  expect(await sent(csv({ timeColumn: 'Date,Time' }), fixture('date-and-time-columns.csv'))).toEqual({
    points: ['m Temp=21.5 1704164645000000000'],
    rejects: [],
  });
});

test('a joined time works with tags and another notation of numbers', async () => {
  const options = { timeColumn: 'd,t', tags: [tag('h')], delimiter: ';', decimal: ',' };
  expect(await sent(csv(options), 'h;d;v;t\na;2024-01-02;1,5;03:04:05\n')).toEqual({
    points: ['m,h=a v=1.5 1704164645000000000'],
    rejects: [],
  });
});

test('rows without times are loaded with --missing-timestamp now', async () => {
  const format = csv({ missingTimestamp: 'now', tags: [tag('host')] });
  expect((await sent(format, fixture('no-time.csv'))).points).toEqual(['m,host=a v=1.5']);
  await expect(sent(csv(), fixture('no-time.csv'))).rejects.toThrow('--time-column');
  const annotated = csv({ missingTimestamp: 'now' });
  expect((await sent(annotated, '#datatype measurement,double\nt,v\nm,1.5\n')).points).toEqual(['m v=1.5']);
});

test('--skip-after-header passes rows of units, and files of rejected rows keep them', async () => {
  const options = {
    skipLines: 1,
    skipAfterHeader: 2,
    timeColumn: 'TIMESTAMP',
    fields: [field('RECORD', 'integer'), field('Ux')],
  };
  for (const chunks of [[], Array.from({ length: 600 }, () => 1)]) {
    const { points, rejects } = await sent(csv(options), fixture('toa5.csv'), chunks);
    expect(rejects).toEqual([]);
    expect(points).toEqual([
      'm RECORD=111868400i,Ux=0.468 1339074000050000000',
      'm RECORD=111868401i,Ux=0.60275 1339074000100000000',
    ]);
  }
});

test('a column without a name is left out, or used by its number', async () => {
  const text = fixture('pandas-index-header.csv');
  const points = async (options: Parameters<typeof csv>[0]) => (await sent(csv(options), text)).points;
  expect((await points({ tags: [tag('host')] }))[0]).toBe('m,host=a v=1.5 1704164645000000000');
  const named = { fields: [field('1', 'integer', 'row'), field('v')] };
  expect((await points(named))[1]).toBe('m row=1i,v=2.5 1704164646000000000');
});

test('an optional fraction and a zone name are read by a pattern', async () => {
  const options = { timeColumn: 'stamp', timeFormat: '%Y-%m-%d %H:%M:%S%.f %Z' };
  expect(await sent(csv(options), fixture('optional-fraction-utc.csv'))).toEqual({
    points: ['m v=1 1649007500000000000', 'm v=2 1649007500100000000', 'm v=3 1649007500123400000'],
    rejects: [],
  });
});
