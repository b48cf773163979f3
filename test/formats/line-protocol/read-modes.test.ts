// The same input gives the same points on the main thread and on the worker, in small and in large reads.

import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { type NameLimits, strictestNameLimits } from '../../../src/core/types/index.js';
import { LineProtocol } from '../../../src/formats/line-protocol/line-format.js';
import { lineOptions } from '../../../src/formats/line-protocol/lines-layout.js';
import { influxNames } from '../../../src/targets/types.js';
import { readAll } from '../support.js';

const folders = ['cases', 'points'].map((name) => new URL(`../../../fixtures/${name}/`, import.meta.url));
const fixtures = folders.flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => /\.(lp|txt)(\.gz)?$/.test(name))
    .map((name) => ({ name, url: new URL(name, folder) })),
);
const lenient: NameLimits = influxNames;
/** The databases of the exports among the fixtures. */
const contexts = ['NOAA', 'db0', 'db1', 'prod', 'plain', 'kept', 'odd'];
const created: LineProtocol[] = [];

afterAll(async () => {
  for (const format of created) await format.close();
});

function format(names: NameLimits, wideChunks: boolean, workerThread: boolean): LineProtocol {
  const options = { maxPointBytes: 65_536, precision: 'ns', missingTimestamp: 'reject', names, contexts } as const;
  const result = new LineProtocol(lineOptions(options, { wideChunks, workerThread }));
  created.push(result);
  return result;
}

test('there are fixtures of line protocol', () => {
  expect(fixtures.length).toBeGreaterThan(5);
});

test.each(fixtures)('$name gives the same points in all read modes', async ({ name, url }) => {
  const bytes = readFileSync(url);
  const whole = name.endsWith('.gz') ? gunzipSync(bytes) : bytes;
  const text = whole.subarray(0, whole.lastIndexOf(10, 300_000) + 1);
  for (const names of [strictestNameLimits, lenient]) {
    const expected = await readAll(format(names, false, false), text, []);
    expect(expected.points.length + expected.rejects.length).toBeGreaterThan(0);
    for (const [wideChunks, workerThread] of [
      [true, false],
      [true, true],
    ] as const) {
      const mode = format(names, wideChunks, workerThread);
      expect(await readAll(mode, text, [])).toEqual(expected);
      expect(await readAll(mode, text, [1, 7, 100])).toEqual(expected);
    }
  }
});

test('the worker thread applies the name limits of the target', async () => {
  const slash = Buffer.from('app/http,host=a v=1 1700000000000000000\n');
  const accepted = await readAll(format(lenient, true, true), slash, []);
  expect(accepted.points.map(({ text }) => text)).toEqual(['app/http,host=a v=1 1700000000000000000']);
  const rejected = await readAll(format(strictestNameLimits, true, true), slash, []);
  expect(rejected.rejects.map(({ reason }) => reason)).toEqual(['slash-in-measurement']);
});
