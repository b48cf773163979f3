// What a fleet writes to Redis, and what a worker does with what somebody else writes there.

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resolve } from '../../../../src/config/resolve.js';
import { FleetStore } from '../../../../src/fleet/queue/fleet-store.js';
import type { FleetLoad, PieceJob } from '../../../../src/fleet/queue/messages.js';
import { PieceQueue } from '../../../../src/fleet/queue/piece-queue.js';
import { type FleetRedis, openRedis } from '../../../../src/fleet/queue/redis.js';
import { identityHash, targetHash } from '../../../../src/load/fleet/queue/fleet-jobs.js';
import { options } from '../../../../src/load/option-table.js';
import { type RunningServer, serve } from '../../../../src/serve/serve.js';
import { begin } from '../../../support/programs/here.js';
import type { Going } from '../../../support/programs/process.js';
import { lines } from '../../../support/scene.js';
import { hasRedis, type RedisServer, startRedis } from '../../../support/servers/redis.js';
import { until } from '../../../support/until.js';

const secrets = { queue: 'planted-in-the-queue', target: 'planted-in-the-target', proxy: 'planted-in-a-header' };
const place = { byteOffset: 0, line: 1, ordinal: 0, digits: 0 };

describe.skipIf(!hasRedis)('the queue of a fleet', () => {
  let server: RunningServer;
  let redis: RedisServer;
  let folder: string;
  let fleet: FleetRedis;

  beforeAll(async () => {
    const acl = `loader on >${secrets.queue} ~bulk-load:* resetchannels +@all -@admin -@dangerous +info`.split(' ');
    const own = ['--appendonly', 'yes', '--requirepass', 'of-the-default-user', '--user', ...acl];
    redis = await startRedis(own, ['--no-auth-warning', '-a', 'of-the-default-user']);
    server = await serve({ host: '127.0.0.1', port: 0, dataDir: null });
    folder = await mkdtemp(join(tmpdir(), 'bulk-load-fleet-'));
    await writeFile(join(folder, 'queue-password'), `${secrets.queue}\n`);
    await writeFile(join(folder, 'password'), `${secrets.target}\n`);
    await writeFile(join(folder, 'a.lp'), lines(500));
    const { settings } = await resolve(options, { flags: { db: 'd', queue: address(), ...passwordFile() }, env: {} });
    fleet = await openRedis(settings.queue!, settings.queueTls, 5000);
  });
  afterAll(async () => {
    fleet?.close();
    await server?.close();
    await redis?.end();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  const address = (): string => redis.url.replace('//', '//loader@');
  const passwordFile = (): { queuePasswordFile: string } => ({ queuePasswordFile: join(folder, 'queue-password') });

  function words(name: string): string[] {
    const queue = ['--queue', address(), '--queue-password-file', passwordFile().queuePasswordFile];
    const target = ['--url', server.url, '--db', 'planted-database', '--user', 'root'];
    const signIn = ['--password-file', join(folder, 'password'), '--header', `X-Token: ${secrets.proxy}`];
    return [...queue, ...target, ...signIn, '--allow-input', `${folder}/*.lp`, '--state-dir', join(folder, name)];
  }

  async function stopped(worker: Going): Promise<string> {
    worker.kill();
    return (await worker.ended).stderr;
  }

  test('holds no secret, no target and no absolute path, and its user needs no more than its own keys', async () => {
    const worker = begin(['worker', ...words('worker')]);
    const { code, stderr } = await begin([
      ...words('state'),
      '--create-db',
      '--piece-bytes',
      '5KiB',
      join(folder, 'a.lp'),
    ]).ended;
    expect([code, stderr]).toEqual([0, expect.stringContaining('500 read = 500 loaded')]);
    const said = stderr + (await stopped(worker));
    // The append-only file has every command that has changed anything.
    const files = await readdir(join(redis.folder, 'appendonlydir'));
    const texts = await Promise.all(files.map((file) => readFile(join(redis.folder, 'appendonlydir', file), 'latin1')));
    const written = texts.join('');
    expect(written).toContain('bulk-load:{');
    for (const secret of [...Object.values(secrets), 'planted-database', server.url, folder]) {
      expect([secret, written.includes(secret)]).toEqual([secret, false]);
    }
    for (const secret of Object.values(secrets)) expect([secret, said.includes(secret)]).toEqual([secret, false]);
  });

  test.each([
    ['/etc/passwd', {}, /reading \/etc\/passwd: expected an existing input that --allow-input/],
    ['../queue-password', {}, /reading \.\.\/queue-password: expected an existing input that --allow-input/],
    ['queue-password', {}, /expected an existing input that --allow-input/],
    ['https://example.com/a.lp', {}, /expected an existing input that --allow-input/],
    ['a.lp', { url: 'http://elsewhere' }, /expected a piece of the load, found other content/],
  ])('a job for %s with %o reads nothing', async (path, more, message) => {
    const id = 'badbadbadbad';
    const { settings } = await resolve(options, { flags: { url: server.url, db: 'planted-database' }, env: {} });
    const load: FleetLoad = {
      ...{ formatVersion: 1, id, version: '0.2.0', plan: 'p', epoch: path, options: {}, fieldTypes: {}, pieces: 1 },
      ...{ target: targetHash(settings), identity: identityHash(settings), startedAt: '2026-01-01T00:00:00.000Z' },
      times: { spans: [], unseen: 0, totalBytes: null },
    };
    const piece = { from: place, to: null, bytes: 10, points: null };
    const job = { formatVersion: 1, plan: 'p', input: { path, folders: [], size: 10, hash: null }, piece, ...more };
    const [store, queue] = [new FleetStore(fleet), new PieceQueue(fleet, id)];
    await queue.add([[`p-${Object.keys(more).length}`, job as PieceJob]]);
    await store.announce(load);
    const worker = begin(['worker', ...words('bad')]);
    try {
      await until(async () => (await queue.settled(1)).length > 0);
      const [settled] = await queue.settled(1);
      expect(JSON.parse(settled!.result!)).toMatchObject({
        reason: expect.stringMatching(message) as unknown,
        figures: null,
      });
    } finally {
      await stopped(worker);
      await queue.clear();
      await store.removeLoad(id);
      await queue.close();
    }
  });
});
