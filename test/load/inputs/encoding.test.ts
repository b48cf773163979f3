// Inputs in other encodings through the whole program.

import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { balances, type Scene, scene } from '../../support/scene.js';

let it: Scene;

beforeEach(async () => {
  it = await scene();
});
afterEach(() => it.end());

const mapping = ['--measurement', 'm', '--tags', 'host'];
const utf16 = (text: string): Buffer => Buffer.from(`\ufeff${text}`, 'utf16le');

test('latin1 means windows-1252, so that the euro sign is stored as such', async () => {
  const text = Buffer.from('time,host,v\n2024-01-02T03:04:05Z,a\x80b\xe9,1.5\n', 'latin1');
  const path = await it.file('a.csv', text);
  for (const label of ['latin1', 'windows-1252']) {
    const { code, stdout } = await it.load(['--dry-run', ...mapping, '--encoding', label, path]);
    expect(code).toBe(0);
    expect(stdout).toBe('m,host=a€bé v=1.5 1704164645000000000\n');
  }
});

test('UTF-16 with a byte order mark is decoded in every text format, compressed or not', async () => {
  const time = '1704164645000000000';
  const files = [
    await it.file('a.csv', utf16(`time,host,v\r\n${time},ä€😀,1\r\n`)),
    await it.file('b.tsv.gz', gzipSync(utf16(`time\thost\tv\n${time}\tä€😀\t1\n`).swap16())),
    await it.file('c.ndjson', utf16(`{"time":${time},"host":"ä€😀","v":1}\n`)),
    await it.file('d.json', utf16(`[{"time":${time},\n"host":"ä€😀","v":1}]`)),
    await it.file('e.lp', utf16(`m,host=ä€😀 v=1 ${time}\r\n`)),
  ];
  const { code, stdout } = await it.load(['--dry-run', ...mapping, ...files]);
  expect(code).toBe(0);
  expect(stdout).toBe(`m,host=ä€😀 v=1 ${time}\n`.repeat(5));
});

test('a killed load of a converted input resumes exactly, and its rejected rows load with the same options', async () => {
  const row = (i: number): string => `${1640995200000000000n + BigInt(i)},h\x80\xfc,${i % 50 === 7 ? 'ä!' : i}\n`;
  const text = `time,host,v\n${Array.from({ length: 6000 }, (_, i) => row(i)).join('')}`;
  const path = await it.file('a.csv', Buffer.from(text, 'latin1'));
  const how = ['--encoding', 'cp1252', '--fields', 'v:float', '--batch-points', '100'];
  const args = [...mapping, ...how, path];
  await it.endAt(500, it.start(args), 'SIGKILL');
  await it.endAt(2000, it.begin(args), 'SIGTERM');
  await it.endAt(4000, it.start(args), 'SIGKILL');
  const { code, summary } = await it.load(args);
  expect(code).toBe(8);
  expect(summary?.points).toEqual({ read: 6000, loaded: 5880, rejected: 120, undelivered: 0 });
  expect(summary?.inputs[0]?.resumedFromByte).toBeGreaterThan(0);
  expect(it.cluster.points()).toBe(5880);
  expect(balances(summary!)).toBe(true);
  const [letters] = summary!.rejects.deadLetters!;
  const rejected = await readFile(letters!, 'utf8');
  expect(rejected.startsWith('\ufefftime,host,v\n1640995200000000007,h€ü,ä!\n')).toBe(true);
  const reasons = (await readFile(summary!.rejects.reasons!, 'utf8')).trim().split('\n');
  const first = JSON.parse(reasons[0]!) as { line: number; byteOffset: number };
  expect(first.line).toBe(9);
  expect(first.byteOffset).toBe(
    Buffer.byteLength('time,host,v\n') + 7 * Buffer.byteLength(row(0).replace('\x80', '€')),
  );
  const fixed = await it.file('fixed.csv', rejected.replaceAll('ä!', '1'));
  const again = await it.load(['--dry-run', ...mapping, ...how, fixed]);
  expect(again.summary?.points).toEqual({ read: 120, loaded: 120, rejected: 0, undelivered: 0 });
  expect(again.stdout.startsWith('m,host=h€ü v=1 1640995200000000007\n')).toBe(true);
});

test('an unknown encoding is a usage error', async () => {
  const { code, stderr } = await it.load(['--dry-run', ...mapping, '--encoding', 'cp850', await it.file('a.csv', '')]);
  expect(code).toBe(2);
  expect(stderr).toContain('an encoding of the WHATWG standard, such as windows-1252');
});
