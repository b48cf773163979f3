// A target of which only `write` has to be there: what a program brings itself, and what takes the place of a cluster
// when only reading is measured.

import { defaultDatabaseSettings, type Target } from '../../core/types/index.js';

/** What such a target can do: nothing is known of it beforehand, and it has nothing to flush, count or read back. */
export type CustomTarget = Pick<Target, 'write'> & Partial<Target>;

/** `own` with the rest of a target put to it: takes any table and column, needs no network, has no endpoints. */
export function createCustomTarget(own: CustomTarget, kind = 'own'): Target {
  return {
    traits: {
      title: 'own target',
      firstWriteExclusive: true,
      plansMemory: true,
      countsPoints: false,
      sendsSeconds: false,
    },
    describe: () => Promise.resolve({ kind, version: null, endpoints: [], database: defaultDatabaseSettings }),
    columns: () => Promise.resolve([]),
    encode: (body) => Promise.resolve({ bytes: body, encoding: null }),
    flush: () => Promise.resolve({ kind: 'done', tookMs: 0, reason: null }),
    gauges: () => Promise.resolve([]),
    layout: () => Promise.resolve({ nodes: 1, vnodesPerNode: 1, from: 'endpoints' }),
    readBack: (points) => Promise.resolve(points.map(() => null)),
    count: () => Promise.resolve(null),
    endpoints: () => [],
    close: () => Promise.resolve(),
    ...own,
  };
}
