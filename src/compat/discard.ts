// `--do-load=false`: a target that takes everything and keeps nothing, so that only reading is measured.

import type { Target } from '../model.js';

const database = {
  precision: 'ns',
  ttlMs: null,
  shard: 1,
  replica: 1,
  vnodeDurationMs: null,
  maxMemcacheBytes: null,
  strictWrite: false,
} as const;

/** Needs no network. */
export function discard(): Target {
  const endpoint = 'nowhere (--do-load=false)';
  const attempt = { verdict: { kind: 'accepted' }, endpoint, latencyMs: 0, sentBytes: 0 } as const;
  return {
    describe: () => Promise.resolve({ kind: 'none', version: null, endpoints: [], database }),
    columns: () => Promise.resolve([]),
    encode: (body) => Promise.resolve({ bytes: body, encoding: null }),
    write: () => Promise.resolve(attempt),
    flush: () => Promise.resolve({ kind: 'done', tookMs: 0, reason: null }),
    gauges: () => Promise.resolve([]),
    layout: () => Promise.resolve({ nodes: 1, vnodesPerNode: 1, from: 'endpoints' }),
    readBack: (points) => Promise.resolve(points.map(() => null)),
    count: () => Promise.resolve(null),
    endpoints: () => [],
    close: () => Promise.resolve(),
  };
}
