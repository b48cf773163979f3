// `--verify` against the embedded server through a proxy that drops points, swaps their values or changes a tag, and
// acknowledges every write.

import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Summary } from '../../src/core/types/index.js';
import { serve } from '../../src/serve/serve.js';
import { run } from '../support/programs/here.js';

let folder: string;
let server: Awaited<ReturnType<typeof serve>>;
let databases = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulk-load-test-'));
  server = await serve({ host: '127.0.0.1', port: 0, dataDir: null });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

type Lie = (body: string, ordinal: number) => string | null;

/** Forwards requests to the server. `lie` changes the bodies of writes; null drops one. */
async function liar(lie: Lie): Promise<{ url: string; close: () => void }> {
  let writes = 0;
  const proxy = createServer((asked, answer) => {
    const parts: Buffer[] = [];
    asked.on('data', (part: Buffer) => parts.push(part));
    asked.on('end', () => {
      let body: Buffer = Buffer.concat(parts);
      if (asked.url?.includes('/write') && body.length > 0) {
        const told = lie(body.toString(), writes++);
        if (told === null) return void answer.writeHead(200).end();
        body = Buffer.from(told);
      }
      const { method, headers } = asked;
      const passed = { ...headers, 'content-length': String(body.length) };
      request(new URL(asked.url ?? '', server.url), { method, headers: passed }, (got) => {
        answer.writeHead(got.statusCode ?? 500, got.headers);
        got.pipe(answer);
      }).end(body);
    });
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, close: () => proxy.close() };
}

async function load(
  text: string,
  args: readonly string[] = [],
  lie: Lie = (body) => body,
): Promise<{ code: number | null; stderr: string; summary: Summary }> {
  const between = await liar(lie);
  const path = join(folder, `${databases}.lp`);
  await writeFile(path, text);
  const db = `db${databases++}`;
  try {
    const options = ['--db', db, '--url', between.url, '--create-db', '--state-dir', join(folder, 'state')];
    const { code, stderr, stdout } = await run([...options, '--verify', '--summary', '-', ...args, path]);
    return { code, stderr, summary: JSON.parse(stdout) as Summary };
  } finally {
    between.close();
  }
}

const second = 1_640_995_200_000_000_000n;
const cpu = (n: number): string =>
  `${Array.from({ length: n }, (_, i) => `cpu,host=h${i % 7},rack=r\\ ${i % 3} user=${i}.25,system=${i}.5 ${second + BigInt(i)}`).join('\n')}\n`;

test('every kind of value reads back as it was sent', async () => {
  const text = [
    `all,tag=a\\ b\\,c\\=d i=9223372036854775807i,j=-9007199254740993i,u=18446744073709551615u,f=0.1,s="it's \\"so\\"",b=true ${second}`,
    `all,tag=Ünïcode i=-9223372036854775808i,f=-0.0 ${second + 1n}`,
    `all f=1e-300,b=f,s="" ${second + 2n}`,
    `all f=179769313486231570000000 ${second + 3n}`,
    '',
  ].join('\n');
  const { code, stderr, summary } = await load(text);
  expect(stderr).toContain('4 points read back, 4 found, 4 equal; every loaded point was checked');
  expect(code).toBe(0);
  expect(summary.verify).toEqual({
    sampled: 4,
    found: 4,
    equal: 4,
    differences: [],
    tables: [{ table: 'all', countBefore: 0, countAfter: 4 }],
  });
});

test('a point that a later point of the load replaced is not a difference', async () => {
  const text = cpu(20) + cpu(20).replaceAll('.25', '.75') + cpu(7).replaceAll('.25', '.125');
  const { code, summary } = await load(text, ['--batch-points', '5', '--workers', '1']);
  expect(summary.verify).toMatchObject({ sampled: 47, equal: 47, tables: [{ countAfter: 20 }] });
  expect(code).toBe(0);
  const many = await load(text, ['--batch-points', '5', '--workers', '8']);
  expect(many.summary.verify).toMatchObject({ sampled: 47, equal: 47 });
});

test('points with timestamps in seconds and with generated timestamps are found', async () => {
  expect(
    (await load('m,a=1 f=1 1640995200\nm,a=1 f=2 1640995201\n', ['--precision', 's'])).summary.verify,
  ).toMatchObject({
    sampled: 2,
    equal: 2,
  });
  expect((await load('m,a=1 f=1\nm,a=1 f=2\n', ['--missing-timestamp', 'now'])).summary.verify).toMatchObject({
    sampled: 2,
    equal: 2,
  });
});

test('rows that were there before the load are counted', async () => {
  await load('m f=1 1640995200000000000\n');
  databases -= 1;
  const { summary } = await load('m f=2 1640995200000000001\nn f=1 1640995200000000001\n');
  expect(summary.verify?.tables).toEqual([
    { table: 'm', countBefore: 1, countAfter: 2 },
    { table: 'n', countBefore: 0, countAfter: 1 },
  ]);
});

test('a sample that differs is on the page of --report', async () => {
  const page = join(folder, 'report.html');
  const lie: Lie = (body) => body.replace('user=3.25', 'user=4');
  expect((await load(cpu(9), ['--report', page], lie)).code).toBe(9);
  expect(await readFile(page, 'utf8')).toMatch(/Loaded, but verification failed\..*sent 3\.25.*4/s);
});

describe('finds', () => {
  const lies: [string, Lie, RegExp][] = [
    ['a dropped batch', (body, i) => (i === 1 ? null : body), /is missing/],
    [
      'values swapped between columns',
      (body, i) => (i === 1 ? body.replaceAll(/user=([\d.]+),system=([\d.]+)/g, 'user=$2,system=$1') : body),
      /user: sent [\d.]+, found [\d.]+/,
    ],
    ['a changed tag', (body, i) => (i === 1 ? body.replaceAll('host=h1', 'host=h2') : body), /host=h1.* is missing/],
    ['a value one bit away', (body) => body.replace('user=3.25', 'user=3.2500000000000004'), /user: sent 3.25, found/],
  ];
  test.each(lies)('%s', async (_, lie, words) => {
    const { code, stderr, summary } = await load(cpu(30), ['--batch-points', '10'], lie);
    expect(code).toBe(9);
    expect(summary.outcome).toBe('verify-failed');
    expect(summary.points).toMatchObject({ loaded: 30, undelivered: 0 });
    expect(summary.verify?.equal).toBeLessThan(30);
    expect(summary.verify?.differences.length).toBeGreaterThan(0);
    expect(stderr).toMatch(words);
  });
});
