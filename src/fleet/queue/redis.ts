// Connects to the Redis or Valkey server of --queue. The packages bullmq and ioredis are optional peer dependencies.
// Only this module imports their code, and only when it connects.

import type * as bullmq from 'bullmq';
import type * as ioredis from 'ioredis';
import { RefusedError, UnavailableError, UsageError } from '../../core/errors.js';
import { orAborted } from '../../core/time/wait-stats.js';
import type { QueueAddress } from '../../core/types/index.js';
import { withPackages } from '../../core/version.js';
import { loadPrefix } from './keys.js';
import { guard, limitAnswers, type QueueState, queueError } from './queue-errors.js';

/** PEM texts of the options --queue-ca, --queue-cert and --queue-key. */
export interface QueueCertificates {
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
}

export type RedisClient = ioredis.Redis | ioredis.Cluster;

export interface RedisServerFacts {
  /** Name and version of the server, such as `Redis 7.0.15`. */
  readonly version: string;
  /** True if the server writes changes to a file on disk (append-only file). */
  readonly isDurable: boolean;
}

export interface FleetRedis {
  /**
   * While the server is unreachable, commands wait, and the client sends them again later. A failed command rejects
   * with an error of `queueError`.
   */
  readonly client: RedisClient;
  readonly bullmq: typeof bullmq;
  /** Returns the options for BullMQ queues and workers of a load. */
  queueOptions(loadId: string): { readonly connection: RedisClient; readonly prefix: string };
  /** Returns a proxy of a BullMQ object that rejects only with errors of `queueError`. */
  guard<T extends object>(object: T): T;
  /** True while the connection to the server cannot be used. */
  readonly isAway: boolean;
  /** Facts that the server reported when the connection was opened. */
  readonly server: RedisServerFacts;
  close(): void;
}

/**
 * Returns the pause before the next attempt to connect, ms.
 * @param attempts number of attempts so far
 */
function pauseMs(attempts: number): number {
  return Math.min(50 * 2 ** attempts, 1000);
}

/**
 * Connects within `waitMs`. Throws UsageError if the packages are missing. Throws UnavailableError if the server does
 * not respond. Throws RefusedError for wrong credentials, and for a server that evicts keys.
 * @param command name of the command that needs the packages, for the UsageError
 * @param answerMs time limit for the response to each command; null for no limit
 * @param signal ends the wait for the connection
 */
export async function openRedis(
  address: QueueAddress,
  certificates: QueueCertificates,
  waitMs: number,
  command = 'bulk-load',
  answerMs: number | null = null,
  signal: AbortSignal = new AbortController().signal,
): Promise<FleetRedis> {
  const { api, redis } = await loadPeers(command);
  const { user, password, nodes, database } = address;
  const shared = {
    ...(user === null ? {} : { username: user }),
    ...(password === null ? {} : { password }),
    ...(address.isTls ? { tls: tlsOptions(certificates) } : {}),
    ...(answerMs === null ? {} : { commandTimeout: answerMs }),
    ...{ maxRetriesPerRequest: null, keepAlive: 10_000 },
  };
  const single = new redis.Redis({ ...shared, ...nodes[0]!, db: database, lazyConnect: true, retryStrategy: pauseMs });
  const state: QueueState = { shown: address.shown, hasExcess: false };
  limitAnswers(single, state);
  let client: RedisClient = single;
  let info: string;
  try {
    info = await firstAnswer(single, address, waitMs, signal);
    const isCluster = /^cluster_enabled:1/m.test(info);
    assertUsable(info, isCluster, address);
    if (isCluster) client = await openCluster(redis, shared, address, waitMs, signal);
  } catch (error) {
    single.disconnect();
    throw queueError(error, state);
  }
  if (client !== single) single.disconnect();
  return {
    client: guard(client, state),
    bullmq: api,
    guard: (object) => guard(object, state),
    queueOptions: (loadId) => ({ connection: client, prefix: loadPrefix(loadId) }),
    server: factsOf(info),
    get isAway() {
      return client.status !== 'ready';
    },
    close: () => client.disconnect(),
  };
}

function tlsOptions({ ca, cert, key }: QueueCertificates) {
  return { ...(ca === null ? {} : { ca }), ...(cert === null || key === null ? {} : { cert, key }) };
}

function factsOf(info: string): RedisServerFacts {
  const [, valkey] = /^valkey_version:(\S+)/m.exec(info) ?? [];
  const [, redis = '?'] = /^redis_version:(\S+)/m.exec(info) ?? [];
  return {
    version: valkey === undefined ? `Redis ${redis}` : `Valkey ${valkey}`,
    isDurable: /^aof_enabled:1/m.test(info),
  };
}

async function loadPeers(command: string): Promise<{ readonly api: typeof bullmq; readonly redis: typeof ioredis }> {
  try {
    const [api, redis] = await Promise.all([import('bullmq'), import('ioredis')]);
    return { api, redis };
  } catch (cause) {
    const problem = {
      tried: 'loading the client packages for --queue',
      expected: 'the packages bullmq and ioredis',
      found: 'a missing package; bulk-load does not install these packages itself',
      fix: `run: ${withPackages(['bullmq@6.7.0', 'ioredis@6.0.0'], command)}`,
    };
    throw new UsageError([problem], { cause });
  }
}

/** Connects and returns the server's INFO. */
async function firstAnswer(
  client: ioredis.Redis,
  address: QueueAddress,
  waitMs: number,
  signal: AbortSignal,
): Promise<string> {
  let last = 'no answer';
  client.on('error', (error: Error) => {
    last = error.message || String(error);
  });
  // The client itself tries again after a failed connection, so this rejection is ignored.
  client.connect().catch(() => {});
  const info = await orNull(client.info(), waitMs, signal);
  if (info === null) throw noAnswer(address, last);
  return String(info);
}

/**
 * Settles like the promise, with two exceptions: resolves with null after `waitMs`, and rejects when the signal aborts.
 */
async function orNull<T>(promise: Promise<T>, waitMs: number, signal: AbortSignal): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<null>((done) => {
    timer = setTimeout(done, waitMs, null);
  });
  try {
    return await Promise.race([orAborted(promise, signal), timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Throws RefusedError for a server that may evict keys, because the fleet would lose pieces and results. Throws
 * UsageError for a cluster with a database other than 0.
 */
function assertUsable(info: string, isCluster: boolean, address: QueueAddress): void {
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? 'noeviction';
  if (policy !== 'noeviction')
    throw new RefusedError(
      problem(
        address,
        'maxmemory-policy noeviction',
        policy,
        'set maxmemory-policy noeviction: with another policy, the server may remove pieces and results',
      ),
    );
  if (isCluster && address.database !== 0)
    throw new UsageError([
      problem(
        address,
        'database 0, the only database of a cluster',
        `database ${address.database}`,
        'leave the database number out',
      ),
    ]);
}

async function openCluster(
  redis: typeof ioredis,
  redisOptions: Pick<ioredis.RedisOptions, 'username' | 'password' | 'tls' | 'maxRetriesPerRequest' | 'keepAlive'>,
  address: QueueAddress,
  waitMs: number,
  signal: AbortSignal,
): Promise<ioredis.Cluster> {
  const { nodes, isTls } = address;
  const cluster = new redis.Cluster([...nodes], {
    redisOptions,
    clusterRetryStrategy: pauseMs,
    // Connects by host name, because the server's certificate contains the name and not the IP address.
    ...(isTls ? { dnsLookup: (host, done) => done(null, host) } : {}),
  });
  cluster.on('error', () => {});
  try {
    if ((await orNull(cluster.ping(), waitMs, signal)) === null)
      throw noAnswer(address, 'no answer from any node of the cluster');
    return cluster;
  } catch (error) {
    cluster.disconnect();
    throw error;
  }
}

function noAnswer(address: QueueAddress, found: string): UnavailableError {
  const fix = 'check the URL of --queue, and the server';
  return new UnavailableError(problem(address, 'an answer from Redis or Valkey', found, fix));
}

function problem({ shown }: QueueAddress, expected: string, found: string, fix: string) {
  return { tried: `connecting to ${shown}`, expected, found, fix };
}
