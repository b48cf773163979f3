// Identifies the cluster and database of earlier runs. A load resumes, and --skip-loaded skips inputs, only if the
// target still contains the points of the earlier run.

import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { z } from 'zod';
import { RefusedError } from '../core/errors.js';
import { bareHost } from '../core/network/proxy-url.js';

export const clusterSchema = z.strictObject({
  /** `host:port` of each endpoint: once with its name, and once with each of its resolved addresses. */
  endpoints: z.array(z.string()),
  /**
   * Identifier of the database, which differs between databases of the same name; null if the target does not report an
   * identifier.
   */
  id: z.string().nullable(),
});

export type Cluster = z.infer<typeof clusterSchema>;

export type Lookup = (host: string) => Promise<readonly { readonly address: string }[]>;

const systemLookup: Lookup = async (host) => (isIP(host) > 0 ? [{ address: host }] : await lookup(host, { all: true }));

/** Describes a cluster. An endpoint whose name cannot be resolved is described by its name only. */
export async function clusterOf(urls: readonly URL[], id: string | null, resolve = systemLookup): Promise<Cluster> {
  const all = await Promise.all(
    urls.map(async ({ hostname, port, protocol }) => {
      const addresses = await resolve(bareHost(hostname)).catch(() => []);
      const service = port === '' ? (protocol === 'https:' ? '443' : '80') : port;
      return [hostname, ...addresses.map(({ address }) => address)].map((host) => `${host}:${service}`);
    }),
  );
  return { endpoints: [...new Set(all.flat())].sort(), id };
}

/**
 * Tests whether two descriptions belong to one cluster. If both have an id, the ids must be equal. Otherwise the
 * descriptions must have an endpoint in common.
 */
export function isSameCluster(one: Cluster, other: Cluster): boolean {
  if (one.id !== null && other.id !== null) return one.id === other.id;
  return one.endpoints.some((each) => other.endpoints.includes(each));
}

/** The state of an input after an earlier run. */
interface EarlierInput {
  readonly path: string;
  readonly loaded: number;
  readonly tables?: readonly string[] | undefined;
  readonly cluster?: Cluster | undefined;
}

/** The state of the target at the start of this run. */
export interface FoundTarget {
  readonly cluster: Cluster;
  /** True if this run created the database. */
  readonly isCreated: boolean;
  /** Tables of the database; null if the target does not list tables. */
  readonly tables: ReadonlySet<string> | null;
}

/**
 * Returns a table that an earlier run loaded points of the input into, and that the target lacks. Returns null if the
 * target has all these tables, or does not list tables.
 */
function missingTable({ loaded, tables }: EarlierInput, target: FoundTarget): string | null {
  if (target.tables === null || loaded === 0) return null;
  return tables?.find((table) => !target.tables!.has(table)) ?? null;
}

/**
 * Tests whether the target contains the points of a finished input, so that --skip-loaded may skip the input.
 * @param sameTarget true if the user confirmed with --same-target that the cluster is the same
 */
export function isLoadedInto(entry: EarlierInput, target: FoundTarget, sameTarget: boolean): boolean {
  if (target.isCreated || missingTable(entry, target) !== null) return false;
  return sameTarget || (entry.cluster !== undefined && isSameCluster(entry.cluster, target.cluster));
}

/**
 * Throws RefusedError if the target is not the cluster of the earlier run, or lacks a table of the earlier run.
 * @param cluster cluster into which the earlier run loaded; undefined in checkpoints of earlier versions
 */
export async function assertResumable(
  cluster: Cluster | undefined,
  entries: AsyncIterable<EarlierInput> | Iterable<EarlierInput>,
  target: FoundTarget,
  sameTarget: boolean,
): Promise<void> {
  const tried = 'resuming the load';
  const fresh = 'load everything into this database with --fresh';
  if (!sameTarget && cluster !== undefined && !isSameCluster(cluster, target.cluster))
    throw new RefusedError({
      tried,
      expected: `an endpoint of the earlier run (${cluster.endpoints.join(', ')})`,
      found: `other endpoints (${target.cluster.endpoints.join(', ')})`,
      fix: `confirm with --same-target that these endpoints belong to one cluster, or ${fresh}`,
    });
  for await (const entry of entries) {
    const table = missingTable(entry, target);
    if (table === null) continue;
    throw new RefusedError({
      tried,
      expected: `the table ${JSON.stringify(table)}, into which an earlier run loaded points of ${entry.path}`,
      found: 'a database without this table',
      fix: fresh,
    });
  }
}
