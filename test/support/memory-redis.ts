// The queue of a fleet in memory: the commands of Redis and the classes of BullMQ that coordinators and workers use, with
// leases and locks on the clock of the test.

import type { Clock } from '../../src/core/types/index.js';
import type { FleetRedis } from '../../src/fleet/queue/redis.js';

/** A job as BullMQ stores it. */
interface QueuedJob {
  readonly id: string;
  data: unknown;
  state: 'waiting' | 'active' | 'completed' | 'failed';
  /** Token of the worker that has the job. */
  holder: string | null;
  stalledCounter: number;
  attemptsMade: number;
  finishedOn?: number;
  returnvalue: unknown;
  failedReason?: string;
}

type Command = (...args: string[]) => unknown;

export class MemoryRedis {
  readonly texts = new Map<string, { readonly text: string; readonly until: number }>();
  /** Sets, sorted sets and hashes by key: score or value by member. */
  readonly tables = new Map<string, Map<string, string>>();
  readonly jobs = new Map<string, QueuedJob>();
  /** Limit of the jobs that are active at once; null for no limit. */
  concurrency: number | null = null;
  isAway = false;
  /** Runs before each command; the command waits for it and fails with it. */
  before: (command: string) => Promise<void> = () => Promise.resolve();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Loses all data, like a server that starts again without its disk. */
  forget(): void {
    for (const each of [this.texts, this.tables, this.jobs]) each.clear();
  }

  open(): FleetRedis {
    const isAway = (): boolean => this.isAway;
    const commands = Object.entries(this.#commands()).map(([name, act]) => [
      name,
      async (...args: string[]) => {
        await this.before(name);
        return act(...args);
      },
    ]);
    return {
      client: { ...Object.fromEntries(commands), defineCommand: () => {} } as FleetRedis['client'],
      bullmq: bullmqOf(this) as unknown as FleetRedis['bullmq'],
      queueOptions: (loadId) => ({ connection: null as never, prefix: loadId }),
      guard: (object) => object,
      server: { version: 'Redis 7', isDurable: true },
      get isAway() {
        return isAway();
      },
      close: () => {},
    };
  }

  #commands(): Record<string, Command> {
    const { texts, tables } = this;
    const table = (key: string): Map<string, string> => {
      if (!tables.has(key)) tables.set(key, new Map());
      return tables.get(key)!;
    };
    const now = (): number => this.#clock.monotonic();
    const read = (key: string): string | null => {
      const found = texts.get(key);
      return found === undefined || found.until <= now() ? null : found.text;
    };
    const write = (key: string, text: string, ms?: string): void => {
      texts.set(key, { text, until: ms === undefined ? Number.POSITIVE_INFINITY : now() + Number(ms) });
    };
    const remove = (key: string, ...members: string[]): void => {
      for (const member of members) table(key).delete(member);
    };
    return {
      get: read,
      mget: (...keys) => keys.map(read),
      set: (key, text, _, ms) => write(key!, text!, ms),
      del: (key) => Number(texts.delete(key!) || tables.delete(key!)),
      exists: (key) => Number(read(key!) !== null),
      pttl: (key) => texts.get(key!)!.until - now(),
      // The scripts of the coordinator's lock.
      eval: (script, _, key, token, ms) => {
        const isFree = read(key!) === null || read(key!) === token;
        if (ms === undefined && isFree) texts.delete(key!);
        else if (isFree) write(key!, token!, ms);
        return script!.includes('PX') ? Number(isFree) : 1;
      },
      sadd: (key, member) => void table(key!).set(member!, ''),
      smembers: (key) => [...table(key!).keys()],
      srem: remove as Command,
      zadd: (key, _, score, member) => void (table(key!).has(member!) || table(key!).set(member!, score!)),
      zrange: (key) => [...table(key!)].toSorted(([, a], [, b]) => Number(a) - Number(b)).map(([member]) => member),
      zrem: remove as Command,
      hset: (key, ...pairs) => {
        for (let i = 0; i < pairs.length; i += 2) table(key!).set(pairs[i]!, pairs[i + 1]!);
      },
      hdel: remove as Command,
      hgetall: (key) => Object.fromEntries(table(key!)),
      hlen: (key) => table(key!).size,
      hscan: (key) => ['0', [...table(key!)].flat()],
      bulkLoadTurn: () => 1,
      bulkLoadExchange: (...args) => grantAll(args.at(-1)!),
    };
  }

  add(id: string, data: unknown, change: Partial<QueuedJob> = {}): void {
    const fresh = { state: 'waiting', holder: null, stalledCounter: 0, attemptsMade: 0, returnvalue: null } as const;
    this.jobs.set(id, { id, data, ...fresh, ...change });
  }
}

/** Returns the classes of BullMQ for the jobs of one load. */
function bullmqOf(memory: MemoryRedis) {
  const jobsIn = (state: QueuedJob['state']): QueuedJob[] =>
    [...memory.jobs.values()].filter((job) => job.state === state);
  return {
    Queue: class {
      on(): void {}
      async addBulk(some: readonly { readonly data: unknown; readonly opts: { readonly jobId: string } }[]) {
        await memory.before('addBulk');
        for (const { data, opts } of some) if (!memory.jobs.has(opts.jobId)) memory.add(opts.jobId, data);
      }
      async setGlobalConcurrency(most: number) {
        await Promise.resolve();
        memory.concurrency = most;
      }
      async removeGlobalConcurrency() {
        await Promise.resolve();
        memory.concurrency = null;
      }
      async getJobCounts() {
        await memory.before('getJobCounts');
        const count = (state: QueuedJob['state']) => jobsIn(state).length;
        const [waiting, active] = [count('waiting'), count('active')];
        return { waiting, active, completed: count('completed'), failed: count('failed') };
      }
      async getRanges([state]: [QueuedJob['state']], from: number, to: number) {
        await memory.before('getRanges');
        return jobsIn(state)
          .slice(from, to + 1)
          .map(({ id }) => id);
      }
      async getJob(id: string) {
        await memory.before('getJob');
        return memory.jobs.get(id);
      }
      async remove(id: string) {
        await memory.before('remove');
        memory.jobs.delete(id);
      }
      async obliterate() {
        await memory.before('obliterate');
        memory.jobs.clear();
      }
      close = () => Promise.resolve();
    },
    Worker: class {
      on(): void {}
      startStalledCheckTimer = () => memory.before('startStalledCheckTimer');
      async getNextJob(token: string) {
        await memory.before('getNextJob');
        const [job] = jobsIn('waiting');
        if (job === undefined || jobsIn('active').length >= (memory.concurrency ?? Number.POSITIVE_INFINITY)) return;
        job.state = 'active';
        job.holder = token;
        return takenJob(memory, job);
      }
      close = () => Promise.resolve();
    },
  };
}

/** Returns the job for the worker that has taken it. */
function takenJob(memory: MemoryRedis, job: QueuedJob) {
  const { id, data, stalledCounter, attemptsMade } = job;
  const end = async (token: string, change: Partial<QueuedJob>): Promise<void> => {
    await memory.before('end');
    if (memory.jobs.get(id) !== job || job.holder !== token) throw new Error('Missing lock for job');
    Object.assign(job, { holder: null, ...change });
  };
  const finished = { finishedOn: 1 };
  return {
    ...{ id, data, stalledCounter, attemptsMade },
    extendLock: async (token: string) => {
      await memory.before('extendLock');
      return Number(job.holder === token);
    },
    moveToWait: (token: string) => end(token, { state: 'waiting' }),
    moveToCompleted: (returnvalue: unknown, token: string) =>
      end(token, { state: 'completed', returnvalue, ...finished }),
    moveToFailed: ({ message: failedReason }: Error, token: string) =>
      end(token, { state: attemptsMade >= 2 ? 'failed' : 'waiting', attemptsMade: attemptsMade + 1, failedReason }),
  };
}

/** Answers an exchange of limits: grants every permit without a wait. */
function grantAll(request: string): string {
  const { wanted, reserved, claims } = JSON.parse(request) as {
    readonly wanted: string[];
    readonly reserved: number[];
    readonly claims: { readonly token: string }[];
  };
  const rest = { waiting: 0, limit: 8, excess: 0, read: 0, rejected: 0, flushing: false, lost: [], epoch: 'e' };
  const delays = reserved.map(() => 0);
  return JSON.stringify({ ...rest, granted: wanted, delays, claimed: claims.map(({ token }) => token) });
}
