// A load over a fleet through the whole program: coordinator and workers on a Redis and an embedded server of their own.

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { resolve } from '../../../../src/config/resolve.js';
import { clock } from '../../../../src/core/time/system-clock.js';
import type { Summary } from '../../../../src/core/types/index.js';
import { PieceSource } from '../../../../src/fleet/queue/piece-queue.js';
import { openRedis } from '../../../../src/fleet/queue/redis.js';
import { options } from '../../../../src/load/option-table.js';
import { type RunningServer, serve } from '../../../../src/serve/serve.js';
import { sql } from '../../../serve/raw-http.js';
import { connect } from '../../../support/fleet.js';
import { begin, run } from '../../../support/programs/here.js';
import type { Ended, Going } from '../../../support/programs/process.js';
import { lines } from '../../../support/scene.js';
import { hasRedis, type RedisServer, startRedis } from '../../../support/servers/redis.js';
import { until } from '../../../support/until.js';

describe.skipIf(!hasRedis)('a load over a fleet', () => {
  let redis: RedisServer;
  let control: Redis;
  let server: RunningServer;
  let folder: string;
  let workers: Going[];

  beforeAll(async () => {
    redis = await startRedis();
    control = connect(redis);
    server = await serve({ host: '127.0.0.1', port: 0, dataDir: null });
  });
  afterAll(async () => {
    await server.close();
    control.disconnect();
    await redis.end();
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bulk-load-fleet-'));
    workers = [];
    await control.flushall();
  });
  afterEach(async () => {
    for (const worker of workers) worker.kill();
    await Promise.all(workers.map(({ ended }) => ended));
    await rm(folder, { recursive: true, force: true });
  });

  let databases = 0;
  let db: string;
  beforeEach(() => {
    databases += 1;
    db = `d${databases}`;
  });

  const at = (): string[] => ['--url', server.url, '--db', db, '--queue', redis.url];

  async function file(name: string, content: string): Promise<string> {
    await writeFile(join(folder, name), content);
    return join(folder, name);
  }

  function work(allowed = `${folder}/**`): Going {
    const state = join(folder, `worker-${workers.length}`);
    const going = begin(['worker', ...at(), '--allow-input', allowed, '--state-dir', state]);
    workers.push(going);
    return going;
  }

  /** 6,000 points take 4 s. */
  const slowly = ['--rate-points', '1500'];

  const summaryPath = (): string => join(folder, 'summary.json');

  function coordinate(...words: string[]): Going {
    const own = ['--allow-input', `${folder}/**`, '--state-dir', join(folder, 'state'), '--summary', summaryPath()];
    return begin([...at(), '--create-db', ...own, ...words]);
  }

  async function summary(): Promise<Summary> {
    return JSON.parse(await readFile(summaryPath(), 'utf8')) as Summary;
  }

  async function rows(): Promise<number> {
    const { body } = await sql(server.url, db, 'SELECT count(*) AS n FROM m');
    return (JSON.parse(body) as { n: number }[])[0]!.n;
  }

  test('two workers load the pieces of two inputs, and one summary has their totals and rejects', async () => {
    const bad = 'm,t=a f=oops 1700000000000000000\n';
    const one = await file('a.lp', lines(900) + bad);
    const two = await file(
      'b.csv',
      `t,f,time\n${Array.from({ length: 500 }, (_, i) => `x,${i},${1_800_000_000_000_000_000n + BigInt(i)}\n`).join('')}y,oops,1800000000000000500\n`,
    );
    work();
    work();
    const mapping = ['--measurement', 'm', '--tags', 't', '--fields', 'f:float'];
    const { code, stderr } = await coordinate('--piece-bytes', '10KiB', ...mapping, one, two).ended;
    expect([code, stderr]).toEqual([8, expect.stringMatching(/^Complete with rejects: /m)]);
    const { points, inputs, rejects, machines, outcome, target } = await summary();
    expect([outcome, target.newTables, target.newColumns]).toEqual(['complete-with-rejects', 1, 2]);
    expect(points).toEqual({ read: 1402, loaded: 1400, rejected: 2, undelivered: 0 });
    expect(inputs.map(({ name, read, rejected }) => [name, read, rejected])).toEqual([
      [one, 901, 1],
      [two, 501, 1],
    ]);
    expect(machines).toMatchObject([{ loaded: 1400 }]);
    expect(machines![0]!.pieces).toBeGreaterThan(4);
    expect(await rows()).toBe(1400);
    const letters = await Promise.all((rejects.deadLetters ?? []).map((path) => readFile(path, 'utf8')));
    expect(letters.toSorted()).toEqual([bad, 't,f,time\ny,oops,1800000000000000500\n']);
    const reasons = (await readFile(rejects.reasons!, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { line: number });
    expect(reasons.map((each) => each.line).toSorted((a, b) => a - b)).toEqual([502, 901]);
    expect(await control.keys('bulk-load:*:pieces*')).toEqual([]);
    expect((await readdir(join(folder, 'state'))).filter((name) => name.includes('fleet'))).toEqual([]);
  });

  test('a queue that forgets everything gets the pieces again, and none counts twice', async () => {
    const path = await file('a.lp', lines(6000));
    const load = coordinate('--piece-bytes', '5KiB', ...slowly, path);
    work();
    await until(async () => (await control.keys('bulk-load:*:booked')).length > 0);
    await control.flushall();
    const { code, stderr } = await load.ended;
    expect([code, stderr]).toEqual([0, expect.stringContaining('6,000 read = 6,000 loaded')]);
    expect(stderr).toContain('the queue has lost pieces');
    expect(await rows()).toBe(6000);
  }, 120_000);

  test('a stopped load resumes where it stopped; a second coordinator ends with exit code 75 meanwhile', async () => {
    const path = await file('a.lp', lines(6000));
    // On a busy machine, the second coordinator needs several seconds to find the first one.
    const first = coordinate('--piece-bytes', '5KiB', '--rate-points', '300', path);
    const worker = work();
    await until(async () => (await control.keys('bulk-load:*:booked')).length > 0);
    const second = await coordinate('--piece-bytes', '5KiB', path).ended;
    expect([second.code, second.stderr]).toEqual([
      75,
      expect.stringMatching(/another coordinator|no other coordinator/),
    ]);
    const [id] = /(?<=bulk-load:\{)[0-9a-f]{12}/.exec(String(await control.keys('bulk-load:*:booked')))!;
    const status = await run(['status', '--queue', redis.url]);
    expect(status.stdout).toMatch(new RegExp(`^Load ${id}, since .*\n {2}pieces +\\d+ of \\d+ finished`));
    expect(status.stdout).toMatch(/^1 worker, [01] of them idle\.$/m);
    const stop = await run(['stop', '--queue', redis.url, id!]);
    expect([stop.code, stop.stdout]).toEqual([0, expect.stringMatching(/is stopped/)]);
    expect((await first.ended).code).toBe(130);
    const loaded = (await summary()).points.loaded;
    expect(loaded).toBeGreaterThan(0);
    expect(loaded).toBeLessThan(6000);
    const { code, stderr } = await coordinate('--piece-bytes', '5KiB', path).ended;
    expect([code, stderr]).toEqual([0, expect.stringMatching(/\d+ of \d+ pieces are already loaded/)]);
    const { points, thisRun } = await summary();
    expect([points.loaded, thisRun.loaded]).toEqual([6000, 6000 - loaded]);
    expect(await rows()).toBe(6000);
    worker.kill();
    expect((await worker.ended).code).toBe(143);
    const left = await readdir(join(folder, 'worker-0'));
    expect(left.filter((name) => name.startsWith('worker-'))).toEqual([]);
  }, 120_000);

  test('check shows the queue and its workers, and what a load over it would end with', async () => {
    const path = await file('a.lp', lines(100));
    const own = ['--create-db', '--allow-input', `${folder}/**`];
    expect((await run(['check', ...at(), ...own, path])).stderr).toMatch(/^ {2}workers +0 workers: start a worker \(/m);
    const worker = work();
    await worker.saw(/worker: pieces from/);
    const { code, stderr } = await run(['check', ...at(), ...own, path]);
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(/^ {2}server +Redis \d[\d.]*, with.*\n {2}workers +1 on /m),
    ]);
    const elsewhere = await run(['check', ...at(), '--create-db', '--allow-input', '/elsewhere/**', path]);
    expect([elsewhere.code, elsewhere.stderr]).toEqual([2, expect.stringMatching(/found +another place/)]);
  });

  test('a piece that five workers did not survive is left out and named', async () => {
    const load = coordinate(await file('deadly.lp', lines(50)));
    const { settings } = await resolve(options, { flags: { db, queue: redis.url }, env: {} });
    const fleet = await openRedis(settings.queue!, settings.queueTls, 5000);
    await until(async () => (await redis.cli('keys', 'bulk-load:*:pieces:wait')) !== '');
    const [id] = /(?<=bulk-load:\{)[0-9a-f]{12}/.exec(await redis.cli('keys', 'bulk-load:*:pieces:wait'))!;
    // Workers that never renew their lease, as if killed.
    const timing = { lockMs: 100, renewMs: 1e9, marginMs: 10, checkMs: 50 };
    const source = new PieceSource(fleet, id, 'killed', timing, { ...clock, every: () => () => {} });
    await source.start();
    for (let deaths = 0; deaths < 5; ) {
      const lease = await source.take();
      if (lease === null) await clock.sleep(20);
      else deaths += 1;
    }
    await clock.sleep(300);
    await source.close();
    fleet.close();
    work();
    const { code, stderr } = await load.ended;
    expect([code, stderr]).toEqual([
      7,
      expect.stringMatching(
        /loading deadly\.lp from line 1: expected a worker that loads the piece to its end, found 5 workers that died/,
      ),
    ]);
  }, 120_000);

  test('an input that no worker sees is named, and everything else is loaded', async () => {
    const [seen, hidden] = [await file('a.lp', lines(100)), await file('b.txt', lines(50))];
    work(`${folder}/*.lp`);
    const { code, stderr } = await coordinate(seen, hidden).ended;
    expect([code, stderr]).toEqual([
      7,
      expect.stringMatching(
        /b\.txt: .*reading b\.txt: expected an existing input that --allow-input of the worker allows/,
      ),
    ]);
    expect(await rows()).toBe(100);
  });

  test.each([
    [['worker', '--queue', 'redis://a', '--db', 'd'], /expected +--allow-input/],
    [['worker', '--db', 'd', '--allow-input', '/x'], /expected +--queue, the URL/],
    [['worker', '--queue', 'redis://a', '--db', 'd', '--allow-input', '/x', '--workers', '3'], /option of the load/],
    [
      ['--queue', 'redis://a', '--db', 'd', '--verify', 'x.lp'],
      /--verify\s+expected +an option of a load over a fleet/,
    ],
    [['--db', 'd', '--pieces', '3', 'x.lp'], /--pieces\s+expected +--queue/],
  ] as [string[], RegExp][])('%o is a usage error', async (words, message) => {
    const { code, stderr }: Ended = await run(words);
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
  });
});
