// What a fleet makes of a server that is no Redis, of one that lies, and of messages that no worker wrote.

import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, expect, test } from 'vitest';
import { BulkLoadError } from '../../../src/core/errors.js';
import { collectAll } from '../../../src/core/v8.js';
import { FleetStore } from '../../../src/fleet/queue/fleet-store.js';
import { jsonOf, parseFleetLoad, parseHolder, parsePieceResult } from '../../../src/fleet/queue/messages.js';
import { PieceQueue } from '../../../src/fleet/queue/piece-queue.js';
import { openRedis } from '../../../src/fleet/queue/redis.js';
import { begin } from '../../support/programs/here.js';

let server: Server | null = null;
afterAll(collectAll);
afterEach(() => {
  server?.close();
});

const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;
const info = bulk('redis_version:7.0.0\r\nloading:0\r\n');
/** More than fits into memory, and it never ends. */
const endless = `$4000000000\r\n${'x'.repeat(2 ** 23)}`;

/** Starts a server that answers INFO, and everything else as given. Returns its port. */
async function liar(first: string, then: string): Promise<number> {
  const answer = (socket: Socket, text: string): void => {
    socket.write(text, 'latin1');
    if (text === endless && socket.listenerCount('drain') === 0) socket.on('drain', () => socket.write(text, 'latin1'));
  };
  server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => {
      for (const command of data.toString('latin1').split(/(?=\*\d+\r\n\$)/))
        answer(
          socket,
          /\r\ninfo\r\n/i.test(command) ? first : /\r\n(client|hello)\r\n/i.test(command) ? '+OK\r\n' : then,
        );
    });
  });
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

test.each([
  ['with HTTP', 'HTTP/1.1 400 Bad Request\r\n\r\n', '', 'refused', /names a Redis or Valkey server/],
  ['without INFO', '-ERR unknown command\r\n', '', 'refused', /found ERR unknown command/],
  [
    'that a password is missing',
    '-NOAUTH Authentication required.\r\n',
    '',
    'refused',
    /the name, the password and the ACL of the user/,
  ],
  ['that it cannot save', '-MISCONF errors\r\n', '', 'unavailable', /found MISCONF errors/],
  ['that its memory is full', info, '-OOM command not allowed\r\n', 'unavailable', /found OOM command not allowed/],
  [
    'that a key has another type',
    info,
    '-WRONGTYPE Operation against a key\r\n',
    'refused',
    /no other program writes keys that begin with bulk-load/,
  ],
  ['with a number', info, ':7\r\n', 'refused', /an answer of another type/],
  ['with nothing', info, '$-1\r\n', 'refused', /an answer of another type/],
  ['with a list of anything', info, '*2\r\n:1\r\n$-1\r\n', 'refused', /an answer of another type/],
  ['a command without an end', info, endless, 'refused', /an answer of more than 64 MiB/],
] as const)('a server of --queue that answers %s ends with an outcome', async (_, first, then, outcome, message) => {
  const nodes = [{ host: '127.0.0.1', port: await liar(first, then) }];
  const address = { nodes, database: 0, isTls: false, user: null, password: null, shown: 'redis://liar' };
  const ask = async (): Promise<unknown> => {
    const redis = await openRedis(address, { ca: null, cert: null, key: null }, 5000);
    try {
      return await new FleetStore(redis).loadIds();
    } finally {
      redis.close();
    }
  };
  const error = await ask().catch((found: unknown) => found);
  expect(error).toBeInstanceOf(BulkLoadError);
  expect(error).toMatchObject({ outcome, message: expect.stringMatching(message) as unknown });
});

test.each([
  ['nothing more', ''],
  ['with an error', '-ERR unknown command\r\n'],
])('a server that calls itself a cluster and then answers %s is given up after the wait', async (_, then) => {
  const port = await liar(bulk('redis_version:7.0.0\r\ncluster_enabled:1\r\n'), then);
  const nodes = [{ host: '127.0.0.1', port }];
  const address = { nodes, database: 0, isTls: false, user: null, password: null, shown: 'redis://liar' };
  const error = await openRedis(address, { ca: null, cert: null, key: null }, 300).catch((found: unknown) => found);
  const message = expect.stringMatching(/found no answer from any node of the cluster/) as unknown;
  expect(error).toMatchObject({ outcome: 'unavailable', message });
});

test.each([
  ['a coordinator', []],
  ['a worker', ['worker']],
] as const)('%s refuses a state directory that others can write', async (_, command) => {
  const folder = await mkdtemp(join(tmpdir(), 'bulk-load-shared-'));
  try {
    const path = join(folder, 'a.lp');
    await writeFile(path, 'm f=1 1640995200000000000\n');
    await chmod(folder, 0o777);
    const queue = ['--queue', `redis://127.0.0.1:${await liar(info, ':1\r\n')}`, '--allow-input', folder];
    const options = ['--db', 'db', '--state-dir', folder, ...(command.length === 0 ? [path] : [])];
    const { code, stderr } = await begin([...command, ...queue, ...options]).ended;
    expect([code, stderr]).toEqual([73, expect.stringMatching(/a directory that others can write \(mode 777\)/)]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('a coordinator that its queue refuses writes the summary', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bulk-load-refused-'));
  try {
    const [input, summary] = [join(folder, 'a.lp'), join(folder, 'summary.json')];
    await writeFile(input, 'm f=1 1640995200000000000\n');
    const port = await liar('-NOAUTH Authentication required.\r\n', '');
    const queue = ['--queue', `redis://127.0.0.1:${port}`, '--allow-input', folder, '--summary', summary];
    const { code, stderr } = await begin([...queue, '--db', 'db', '--state-dir', folder, input]).ended;
    expect([code, stderr]).toEqual([4, expect.stringMatching(/the name, the password and the ACL of the user/)]);
    const points = { read: 0, loaded: 0, rejected: 0, undelivered: 0 };
    expect(JSON.parse(await readFile(summary, 'utf8'))).toMatchObject({ outcome: 'refused', exitCode: 4, points });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('a command that does not wait for the queue ends when an answer stays out', async () => {
  const nodes = [{ host: '127.0.0.1', port: await liar(info, '') }];
  const address = { nodes, database: 0, isTls: false, user: null, password: null, shown: 'redis://liar' };
  const redis = await openRedis(address, { ca: null, cert: null, key: null }, 5000, 'bulk-load status', 200);
  try {
    await expect(new FleetStore(redis).loadIds()).rejects.toMatchObject({
      outcome: 'unavailable',
      message: expect.stringMatching(/found Command timed out/) as unknown,
    });
  } finally {
    redis.close();
  }
});

test.each([
  ['a coordinator', []],
  ['a worker', ['worker']],
] as const)('%s ends once a queue that answered at first has been silent for --retry-for', async (_, command) => {
  const folder = await mkdtemp(join(tmpdir(), 'bulk-load-silent-'));
  try {
    const path = join(folder, 'a.lp');
    await writeFile(path, 'm f=1 1640995200000000000\n');
    const queue = ['--queue', `redis://127.0.0.1:${await liar(info, '')}`, '--retry-for', '1s'];
    const options = [...queue, '--db', 'db', '--allow-input', folder, '--state-dir', join(folder, 'state')];
    const { code, stderr } = await begin([...command, ...options, ...(command.length === 0 ? [path] : [])]).ended;
    expect(stderr).toMatch(/expected +an answer from Redis or Valkey within --retry-for/);
    expect(code).toBe(5);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('errors of BullMQ are errors of the queue', async () => {
  const nodes = [{ host: '127.0.0.1', port: await liar(info, '-OOM command not allowed\r\n') }];
  const address = { nodes, database: 0, isTls: false, user: null, password: null, shown: 'redis://liar' };
  const redis = await openRedis(address, { ca: null, cert: null, key: null }, 5000);
  const queue = new PieceQueue(redis, '0123456789ab');
  try {
    await expect(queue.counts()).rejects.toMatchObject({ outcome: 'unavailable' });
    await expect(queue.settled(1)).rejects.toMatchObject({ outcome: 'unavailable' });
  } finally {
    await queue.close();
    redis.close();
  }
});

const points = { read: 3, loaded: 2, rejected: 1, undelivered: 0 };
const letter = { suffix: '.lp', headBytes: 0, gzip: gzipSync('m f=x 1\n').toString('base64') };
const result = {
  ...{ formatVersion: 1, machine: 'a', worker: 'b', outcome: 'complete', reason: null, format: 'lp', error: null },
  ...{ inputBytes: 1, figures: null, rejects: {}, letters: { files: [letter], keptIn: null, bytes: 8 } },
};
const load = {
  ...{ formatVersion: 1, id: '0123456789ab', version: '1', plan: 'p', epoch: 'e', target: 't', identity: 'i' },
  ...{ options: {}, fieldTypes: {}, pieces: 1, startedAt: '2026-01-01T00:00:00.000Z' },
  times: { spans: [{ first: '-1', last: '1640995200000000000' }], unseen: 0, totalBytes: null },
};
const lettersOf = (...files: readonly object[]) => ({ ...result, letters: { files, keptIn: null, bytes: 8 } });
const figures = (counts: object) => ({ ...result, figures: { points: { ...points, ...counts } } });

test('messages that no worker wrote are none', () => {
  expect(parsePieceResult(JSON.stringify(result))).not.toBeNull();
  expect(parseFleetLoad(JSON.stringify(load))).not.toBeNull();
  const bad = [
    figures({ loaded: 3 }),
    figures({ read: -1, loaded: -2 }),
    lettersOf({ ...letter, gzip: 'AAAA' }),
    lettersOf({ ...letter, gzip: gzipSync(Buffer.alloc(9 * 2 ** 20)).toString('base64') }),
    lettersOf({ ...letter, suffix: `${'x'.repeat(300)}=a/.lp` }),
    lettersOf({ ...letter, suffix: '../a=b/.lp' }),
    { ...result, rejects: Object.fromEntries(Array.from({ length: 200 }, (_, i) => [i, { points: 1, example: '' }])) },
  ];
  expect(bad.map((each) => parsePieceResult(JSON.stringify(each)))).toEqual(bad.map(() => null));
  const spans = [{ first: 'abc', last: '1' }];
  expect(parseFleetLoad(JSON.stringify({ ...load, times: { ...load.times, spans } }))).toBeNull();
  expect(parseHolder('OK')).toBeNull();
  expect(parseHolder('{"machine":1,"pid":"x"}')).toBeNull();
});

test('the words of a result are cut, and a value nested too deep has no JSON', () => {
  const { reason } = parsePieceResult(JSON.stringify({ ...result, reason: 'x'.repeat(100_000) }))!;
  expect(Buffer.byteLength(reason!)).toBe(2000);
  let deep: unknown = 1;
  for (let i = 0; i < 100_000; i++) deep = [deep];
  expect(jsonOf(deep)).toBe('');
});
