// The connection to the queue: what refuses it, and that it waits for a server that is away.

import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resolve } from '../../../src/config/resolve.js';
import { InterruptedError } from '../../../src/core/errors.js';
import { loadKey } from '../../../src/fleet/queue/keys.js';
import { PieceQueue } from '../../../src/fleet/queue/piece-queue.js';
import { type FleetRedis, openRedis } from '../../../src/fleet/queue/redis.js';
import { options } from '../../../src/load/option-table.js';
import { hasRedis, type RedisServer, startRedis } from '../../support/servers/redis.js';

let server: RedisServer;
beforeAll(async () => {
  if (hasRedis) server = await startRedis(['--appendonly', 'yes', '--appendfsync', 'always']);
});
afterAll(() => server?.end());

async function open(queue: string, more: object = {}, waitMs = 5000): Promise<FleetRedis> {
  const { settings } = await resolve(options, { flags: { db: 'd', queue, ...more }, env: {} });
  return await openRedis(settings.queue!, settings.queueTls, waitMs);
}

test.each([
  ['http://a:6379', /^--queue: expected a URL such as redis:/],
  ['redis://a:6379/db', /with the number of the database as its path/],
  ['redis://:secret@a?x=1', /^--queue: expected a URL such as redis:/],
])('%s is no queue, and the message does not show it', async (queue, words) => {
  const message = await open(queue).catch((error: Error) => error.message);
  expect(message).toMatch(words);
  expect(message).not.toContain('secret');
});

test.each([
  [{ queueCa: 'x.pem' }, /--queue-ca: expected a queue of rediss/],
  [{ queueCert: 'x.pem' }, /--queue-cert: expected --queue-cert and --queue-key together/],
  [{ queuePasswordFile: 'x' }, /--queue-password-file: expected the password in one place/],
])('options that contradict the queue are problems: %o', async (more, words) => {
  await expect(open('redis://:p@a', more)).rejects.toThrow(words);
});

test.skipIf(!hasRedis)('a server that is not there ends with exit code 5', async () => {
  await expect(open('redis://127.0.0.1:1', {}, 200)).rejects.toMatchObject({
    outcome: 'unavailable',
    message: expect.stringMatching(/expected an answer from Redis or Valkey, found .*ECONNREFUSED/) as unknown,
  });
});

test('a stop ends the wait for a server that is not there', async () => {
  const { settings } = await resolve(options, { flags: { db: 'd', queue: 'redis://127.0.0.1:1' }, env: {} });
  const stop = new AbortController();
  const opened = openRedis(settings.queue!, settings.queueTls, 60_000, 'bulk-load', null, stop.signal);
  stop.abort(new InterruptedError('SIGINT'));
  await expect(opened).rejects.toMatchObject({ outcome: 'interrupted' });
});

test.skipIf(!hasRedis)('a wrong password ends with exit code 4', async () => {
  const message = expect.stringMatching(/expected a user who may sign in/) as unknown;
  await expect(open(server.url.replace('//', '//nobody:wrong@'))).rejects.toMatchObject({
    outcome: 'refused',
    message,
  });
});

test.skipIf(!hasRedis)('a server that evicts keys is refused', async () => {
  await server.cli('config', 'set', 'maxmemory-policy', 'allkeys-lru');
  try {
    const message = expect.stringMatching(/expected maxmemory-policy noeviction, found allkeys-lru/) as unknown;
    await expect(open(server.url)).rejects.toMatchObject({ outcome: 'refused', message });
  } finally {
    await server.cli('config', 'set', 'maxmemory-policy', 'noeviction');
  }
});

test.skipIf(!hasRedis)('a command that is sent while the server is away is done once it is back', async () => {
  const redis = await open(server.url);
  const key = loadKey('0123456789ab', 'test');
  try {
    await redis.client.set(key, 'before');
    await server.kill('SIGKILL');
    const late = redis.client.append(key, ' and after');
    await server.start();
    await late;
    expect([await redis.client.get(key), redis.isAway]).toEqual(['before and after', false]);
  } finally {
    redis.close();
  }
});

test.skipIf(!hasRedis)('a server with the users of the manual keeps its pieces when it is killed', async () => {
  const page = await readFile(new URL('../../../src/manual/fleet.md', import.meta.url), 'utf8');
  const users = [...page.matchAll(/^user (.*)$/gm)].flatMap(([, user]) => ['--user', ...user!.split(' ')]);
  const strict = await startRedis(['--appendonly', 'yes', '--appendfsync', 'always', ...users]);
  const redis = await open(strict.url.replace('//', '//loader:PASSWORD@'));
  const queue = new PieceQueue(redis, '0123456789ab');
  try {
    const place = { byteOffset: 0, line: 1, ordinal: 0, digits: 0 };
    const input = { path: 'a.lp', folders: [], size: 10, hash: null };
    const piece = { from: place, to: null, bytes: 10, points: null };
    await queue.add(['a', 'b', 'c'].map((id) => [id, { formatVersion: 1, plan: 'p', input, piece }]));
    await strict.kill('SIGKILL');
    await strict.start();
    expect(await queue.counts()).toEqual({ total: 3, waiting: 3, active: 0 });
  } finally {
    await queue.close();
    redis.close();
    await strict.end();
  }
});
