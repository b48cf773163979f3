import { defaultDatabaseSettings, type Target } from '../../core/types/index.js';

/** A target that a program supplies. Only `write` is required. */
export type CustomTarget = Pick<Target, 'write'> & Partial<Target>;

/**
 * Adds the members that a custom target lacks. With these members, the target accepts every table and column, has no
 * endpoints in its list, and does not flush, count or read back points.
 */
export function createCustomTarget(custom: CustomTarget, kind = 'own'): Target {
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
    ...custom,
  };
}
