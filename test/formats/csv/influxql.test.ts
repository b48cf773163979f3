import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { detect } from '../../../src/formats/detect.js';
import { csv, expectValid, sent } from '../rows/support.js';

const fixture = readFileSync(new URL('../../../fixtures/cases/10-influxql-group-by.csv', import.meta.url));

test('the tags column of a query with GROUP BY becomes tags', async () => {
  const { points, rejects } = await sent(csv({ measurement: null }), fixture);
  expect(rejects).toEqual([]);
  expect(points).toEqual([
    'cpu,host=a,region=eu\\ west note="say \\"hi\\" to C:\\\\temp",up=t,usage_system=3,usage_user=11.5 1795955840000000000',
    'cpu,host=b note="two\nlines",up=f,usage_system=-3,usage_user=0.0000001 1795955840000000000',
  ]);
  await expectValid(points);
});

test('several series with their own headers are read from one file', async () => {
  const text =
    'name,tags,time,mean\ncpu,host=a,1,0.5\n\nname,tags,time,mean\ncpu,host=b,1,0.75\n\nname,tags,time,free\nmem,,2,7\n';
  const { points, rejects } = await sent(csv({ measurement: null }), text);
  expect(rejects).toEqual([]);
  expect(points).toEqual(['cpu,host=a mean=0.5 1', 'cpu,host=b mean=0.75 1', 'mem free=7 2']);
});

test('a tag with the name of a field rejects its row', async () => {
  const { points, rejects } = await sent(csv({ measurement: null }), 'name,tags,time,v\nm,v=a,1,2\nm,w=a,1,2\n');
  expect(rejects).toEqual(['2 tag-and-field-same-name']);
  expect(points).toEqual(['m,w=a v=2 1']);
});

test('the tags column is an ordinary column when an option names it', async () => {
  const { points } = await sent(
    csv({ tags: [{ name: 'tags', as: 'all' }], fields: [{ name: 'v', as: 'v', type: null }] }),
    'name,tags,time,v\nm,host=a,1,2\n',
  );
  expect(points).toEqual(['m,all=host\\=a v=2 1']);
});

test('a result of InfluxDB 1 is detected by its header', () => {
  expect(detect(fixture, '-')).toBe('csv');
});
