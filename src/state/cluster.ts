// The cluster and database that state of earlier runs belongs to. A load resumes, and --skip-loaded leaves inputs out, only
// where the points of the earlier run are.

import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { z } from 'zod';
import { RefusedError } from '../core/errors.js';
import { bareHost } from '../core/network/proxy-url.js';

export const clusterSchema = z.strictObject({
  /** `host:port` of each endpoint, by name and by resolved address. */
  endpoints: z.array(z.string()),
  /** What the target reports to distinguish its database from others of that name; null for nothing. */
  id: z.string().nullable(),
});

export type Cluster = z.infer<typeof clusterSchema>;

export type Lookup = (host: string) => Promise<readonly { readonly address: string }[]>;

const systemLookup: Lookup = async (host) => (isIP(host) > 0 ? [{ address: host }] : await lookup(host, { all: true }));

/** Identifies a cluster. An endpoint whose name cannot be resolved counts by its name alone. */
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

/** Tests whether two descriptions are of one cluster. The id decides where both have one, else a common endpoint. */
export function isSameCluster(one: Cluster, other: Cluster): boolean {
  if (one.id !== null && other.id !== null) return one.id === other.id;
  return one.endpoints.some((each) => other.endpoints.includes(each));
}

/** An input as an earlier run left it. */
interface EarlierInput {
  readonly path: string;
  readonly loaded: number;
  readonly tables?: readonly string[] | undefined;
  readonly cluster?: Cluster | undefined;
}

/** The target as this run finds it. */
export interface FoundTarget {
  readonly cluster: Cluster;
  /** This run created the database. */
  readonly isCreated: boolean;
  /** Tables of the database; null if the target lists none. */
  readonly tables: ReadonlySet<string> | null;
}

/** Returns a table that an entry claims points in and the target lacks; null without a contradiction. */
function missingTable({ loaded, tables }: EarlierInput, target: FoundTarget): string | null {
  if (target.tables === null || loaded === 0) return null;
  return tables?.find((table) => !target.tables!.has(table)) ?? null;
}

/** Tests whether the points of a finished input are in this target, so that --skip-loaded may leave it out. */
export function isLoadedInto(entry: EarlierInput, target: FoundTarget, sameTarget: boolean): boolean {
  if (target.isCreated || missingTable(entry, target) !== null) return false;
  return sameTarget || (entry.cluster !== undefined && isSameCluster(entry.cluster, target.cluster));
}

/**
 * Checks that a load may resume into this target. Throws RefusedError.
 * @param cluster where the earlier run loaded to; undefined in checkpoints of earlier versions
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
      found: `another cluster (${target.cluster.endpoints.join(', ')})`,
      fix: `confirm with --same-target that both are one cluster, or ${fresh}`,
    });
  for await (const entry of entries) {
    const table = missingTable(entry, target);
    if (table === null) continue;
    throw new RefusedError({
      tried,
      expected: `the table ${JSON.stringify(table)}, into which an earlier run loaded points of ${entry.path}`,
      found: 'a database without it',
      fix: fresh,
    });
  }
}
