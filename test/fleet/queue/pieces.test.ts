// Leases of pieces: who may load one, who may not any more, and what is counted.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { clock } from '../../../src/core/time/system-clock.js';
import type { Clock } from '../../../src/core/types/index.js';
import type { PieceJob, PieceResult } from '../../../src/fleet/queue/messages.js';
import type { PieceLease } from '../../../src/fleet/queue/piece-lease.js';
import { maxFailures, PieceQueue, PieceSource, pieceId } from '../../../src/fleet/queue/piece-queue.js';
import { type FleetRedis, openRedis } from '../../../src/fleet/queue/redis.js';
import { hasRedis, type RedisServer, startRedis } from '../../support/servers/redis.js';
import { until } from '../../support/until.js';

const place = { byteOffset: 0, line: 1, ordinal: 0, digits: 0 };
const job: PieceJob = {
  ...{ formatVersion: 1, plan: 'p' },
  input: { path: 'a.lp', folders: [], size: 10, hash: 'h' },
  piece: { from: place, to: null, bytes: 10, points: 1 },
};
const result: PieceResult = {
  ...{ formatVersion: 1, machine: 'host', worker: 'w', outcome: 'complete', reason: null, format: 'lp', error: null },
  ...{ inputBytes: 10, figures: null, rejects: {}, letters: null },
};
const timing = { lockMs: 400, renewMs: 100, marginMs: 100, checkMs: 100 };

describe.skipIf(!hasRedis)('a piece', () => {
  let server: RedisServer;
  let redis: FleetRedis;
  let queue: PieceQueue;
  const sources: PieceSource[] = [];
  let loads = 0;
  let load: string;

  beforeAll(async () => {
    server = await startRedis();
    const nodes = [{ host: '127.0.0.1', port: server.port }];
    const address = { nodes, database: 0, isTls: false, user: null, password: null, shown: server.url };
    redis = await openRedis(address, { ca: null, cert: null, key: null }, 5000);
  });
  afterAll(async () => {
    for (const source of sources) await source.close();
    redis?.close();
    await server?.end();
  });
  beforeEach(async () => {
    loads += 1;
    load = String(loads).padStart(12, '0');
    queue = new PieceQueue(redis, load);
    await queue.add([[pieceId(job), job]]);
  });

  async function worker(name: string, own: Clock = clock): Promise<PieceSource> {
    const source = new PieceSource(redis, load, name, timing, own);
    sources.push(source);
    await source.start();
    return source;
  }

  async function taken(source: PieceSource): Promise<PieceLease> {
    let lease: PieceLease | null = null;
    await until(async () => {
      lease ??= await source.take();
      return lease !== null;
    });
    return lease!;
  }

  test('has the same name however often it is added, and is taken once', async () => {
    await queue.add([[pieceId(job), job]]);
    expect((await queue.counts()).total).toBe(1);
    const source = await worker('a');
    const lease = await taken(source);
    expect([JSON.parse(lease.job), lease.deaths, lease.failures, await source.take()]).toEqual([job, 0, 0, null]);
    expect(await lease.complete(result)).toBe(true);
    expect((await queue.settled(10)).map(({ id, result: json }) => [id, JSON.parse(json!)])).toEqual([
      [lease.id, result],
    ]);
    await queue.remove([lease.id]);
    expect((await queue.counts()).total).toBe(0);
  });

  test('of a worker that renews no more is taken by another, and the late result is refused', async () => {
    // Its timers never fire, as in a frozen process.
    const frozen = await taken(await worker('frozen', { ...clock, every: () => () => {} }));
    const next = await taken(await worker('next'));
    expect([next.id, next.deaths]).toEqual([frozen.id, 1]);
    expect(() => frozen.assertHeld()).toThrow(/the lease of the piece/);
    expect(frozen.lost.aborted).toBe(true);
    expect(await frozen.complete({ ...result, worker: 'frozen' })).toBe(false);
    expect(await next.complete({ ...result, worker: 'next' })).toBe(true);
    const [settled] = await queue.settled(10);
    expect(JSON.parse(settled!.result!)).toMatchObject({ worker: 'next' });
  });

  test('is kept by a worker that renews its lease', async () => {
    const lease = await taken(await worker('a'));
    const other = await worker('b');
    await clock.sleep(3 * timing.lockMs);
    expect(() => lease.assertHeld()).not.toThrow();
    expect(await other.take()).toBeNull();
    expect(await lease.giveBack()).toBe(true);
    expect(await taken(other)).toMatchObject({ deaths: 0, failures: 0 });
  });

  test.each(['wall clock', 'monotonic clock'])('is not held after a jump of the %s', async (which) => {
    let jumped = 0;
    const own: Clock = {
      ...clock,
      every: () => () => {},
      now: () => clock.now() + (which === 'wall clock' ? jumped : 0),
      monotonic: () => clock.monotonic() + (which === 'wall clock' ? 0 : jumped),
    };
    const lease = await taken(await worker('a', own));
    expect(() => lease.assertHeld()).not.toThrow();
    jumped = timing.lockMs;
    expect(() => lease.assertHeld()).toThrow(/another worker may have taken the piece/);
    await lease.giveBack();
  });

  test('whose job is no JSON is taken as one without content, so that it can be refused', async () => {
    await redis.client.hset(`bulk-load:{${load}}:pieces:${pieceId(job)}`, 'data', '{"a"');
    const lease = await taken(await worker('a'));
    expect([lease.id, lease.job]).toEqual([pieceId(job), '{}']);
    expect(await lease.complete({ ...result, outcome: 'usage' })).toBe(true);
    expect((await queue.settled(1)).map(({ id }) => id)).toEqual([lease.id]);
  });

  test('that fails is tried again, and its failures are counted', async () => {
    const source = await worker('a');
    for (let failures = 0; failures < maxFailures - 1; failures += 1) {
      const lease = await taken(source);
      expect(lease.failures).toBe(failures);
      expect(await lease.fail('no target')).toBe(true);
    }
    const last = await taken(source);
    expect(last.failures + 1).toBe(maxFailures);
    await last.complete(result);
  });

  test('is loaded by so many workers at once as the coordinator allows', async () => {
    const other = { ...job, input: { ...job.input, path: 'b.lp' } };
    await queue.add([[pieceId(other), other]]);
    await queue.limit(1);
    const source = await worker('a');
    const lease = await taken(source);
    expect(await source.take()).toBeNull();
    await queue.limit(null);
    await (await taken(source)).giveBack();
    await lease.giveBack();
  });
});
