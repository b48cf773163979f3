import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { UsageError } from '../../../../src/core/errors.js';
import { LineProtocol } from '../../../../src/formats/line-protocol/line-format.js';
import { bytesSource, type Options, pointAt, readAll } from '../../support.js';

const genuine = fixture('07-genuine-influx_inspect-1.8.10-export.lp');
const twoDatabases = fixture('01-export-two-databases.lp');
const options: Options = { maxPointBytes: 65_536, precision: 'ns', missingTimestamp: 'reject' };
const created: LineProtocol[] = [];

function fixture(name: string): Buffer {
  return readFileSync(new URL(`../../../../fixtures/cases/${name}`, import.meta.url));
}

afterAll(async () => {
  for (const format of created) await format.close();
});

function format(contexts: string[] | null, workerThread = false): LineProtocol {
  const result = new LineProtocol({ ...options, contexts, workerThread });
  created.push(result);
  return result;
}

test.each([false, true])('definitions between # DDL and # DML are no points (worker thread: %s)', async (worker) => {
  const { points, rejects } = await readAll(format(null, worker), fixture('03-noaa-ddl-crlf.txt'), []);
  expect(rejects).toEqual([]);
  expect(points.map(({ text }) => text.split(/[ ,]/)[0])).toEqual(['h2o_feet', 'h2o_feet', 'h2o_pH']);
});

test.each([
  ['several retention policies', genuine, 'prod/autogen, prod/one_year, prod/roll up'],
  ['several databases', twoDatabases, 'db0/autogen, db1/autogen'],
])('an export of %s is refused with the list of its contexts', async (_, text, contexts) => {
  for (const worker of [false, true]) {
    const failure = await readAll(format(null, worker), text, []).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UsageError);
    expect((failure as UsageError).message).toContain(`found the contexts ${contexts}.`);
    expect((failure as UsageError).message).toContain('--context');
  }
});

test('a second context without definitions is refused after the points of the first', async () => {
  const text =
    '# CONTEXT-DATABASE:a\n# CONTEXT-RETENTION-POLICY:x\nm f=1 1\n# CONTEXT-DATABASE:a\n# CONTEXT-RETENTION-POLICY:y\nm f=2 2\n';
  const seen: string[] = [];
  const read = async (): Promise<void> => {
    for await (const run of format(null).points(bytesSource(Buffer.from(text)), new AbortController().signal))
      for (let i = 0; i < run.count; i++) seen.push(pointAt(run, i).text);
  };
  await expect(read()).rejects.toThrow('the contexts a/x, a/y');
  expect(seen).toEqual(['m f=1 1']);
});

test.each([
  [['prod/one_year'], ['cpu,host=a,region=eu\\ west usage_user=99.5 1795955840000000000']],
  [['prod/roll up'], ['cpu,host=a,region=eu\\ west usage_user=50 1795955840000000000']],
  [
    ['prod/one_year', 'prod/roll up'],
    [
      'cpu,host=a,region=eu\\ west usage_user=99.5 1795955840000000000',
      'cpu,host=a,region=eu\\ west usage_user=50 1795955840000000000',
    ],
  ],
  [['other'], []],
])('--context %j picks its sections, in every chunking', async (contexts, expected) => {
  for (const worker of [false, true]) {
    for (const chunks of [[], Array.from({ length: 2000 }, () => 1)]) {
      const { points, rejects, end } = await readAll(format(contexts, worker), genuine, chunks);
      expect(rejects).toEqual([]);
      expect(points.map(({ text }) => text)).toEqual(expected);
      expect(end).toBe(genuine.length);
    }
  }
});

test('statistics of InfluxDB are loaded only when --context names them', async () => {
  const text = Buffer.from(
    '# DDL\nCREATE DATABASE _internal WITH NAME monitor\nCREATE DATABASE a WITH NAME autogen\n# DML\n' +
      '# CONTEXT-DATABASE:_internal\n# CONTEXT-RETENTION-POLICY:monitor\nruntime f=1 1\n' +
      '# CONTEXT-DATABASE:a\n# CONTEXT-RETENTION-POLICY:autogen\nm f=2 2\n',
  );
  const texts = async (contexts: string[] | null) =>
    (await readAll(format(contexts), text, [])).points.map((point) => point.text);
  expect(await texts(null)).toEqual(['m f=2 2']);
  expect(await texts(['_internal'])).toEqual(['runtime f=1 1']);
});

test('a load that resumes in the middle of an export knows its section', async () => {
  const whole = await readAll(format(['prod/one_year']), genuine, []);
  expect(whole.points.length).toBe(1);
  for (let byteOffset = 1; byteOffset <= genuine.length; byteOffset++) {
    if (genuine[byteOffset - 1] !== 10) continue;
    for (const worker of byteOffset % 3 === 0 ? [false, true] : [false]) {
      const resumed = format(['prod/one_year'], worker);
      const signal = new AbortController().signal;
      const start = { byteOffset, line: 1, ordinal: 0, digits: 0 };
      await resumed.recall(bytesSource(genuine), start, signal);
      let count = 0;
      for await (const run of resumed.points(bytesSource(genuine.subarray(byteOffset)), signal, start))
        count += run.count;
      const expected = whole.points.filter(({ offset }) => offset >= byteOffset).length;
      expect({ byteOffset, count }).toEqual({ byteOffset, count: expected });
    }
  }
});

test('an input without a comment at its start is not read again to resume', async () => {
  let read = 0;
  const source = bytesSource(Buffer.from('m f=1 1\n'.repeat(100_000)));
  const counting = {
    ...source,
    read: async (into: Uint8Array, signal: AbortSignal) => {
      const length = await source.read(into, signal);
      read += length;
      return length;
    },
  };
  await format(null).recall(
    counting,
    { byteOffset: 700_000, line: 1, ordinal: 0, digits: 0 },
    new AbortController().signal,
  );
  expect(read).toBeLessThan(300_000);
});
