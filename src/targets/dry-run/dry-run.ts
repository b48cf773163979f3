// `--dry-run`: a target that keeps what it is sent as text, so that everything before it is the real road.

import {
  type Attempt,
  type Clock,
  defaultDatabaseSettings,
  type EncodedBody,
  type Target,
  type TargetTraits,
} from '../../core/types/index.js';
import type { OutputSink } from './output-sink.js';

const traits: TargetTraits = {
  title: 'no target',
  firstWriteExclusive: true,
  plansMemory: false,
  countsPoints: false,
  sendsSeconds: true,
};

/** Needs no network. Bodies are written one behind the other, in the order of the calls. */
export function createDryRun(outlet: OutputSink, clock: Clock): Target {
  return {
    traits,
    async describe() {
      await outlet.open();
      return { kind: 'dry-run', version: null, endpoints: [], database: defaultDatabaseSettings };
    },
    columns: () => Promise.resolve([]),
    encode: (body) => Promise.resolve({ bytes: body, encoding: null }),
    async write({ bytes }: EncodedBody): Promise<Attempt> {
      const start = clock.monotonic();
      await outlet.write(bytes);
      const latencyMs = clock.monotonic() - start;
      return { verdict: { kind: 'accepted' }, endpoint: outlet.shown, latencyMs, sentBytes: bytes.length };
    },
    flush: () => Promise.resolve({ kind: 'done', tookMs: 0, reason: null }),
    gauges: () => Promise.resolve([]),
    layout: () => Promise.resolve({ nodes: 1, vnodesPerNode: 1, from: 'endpoints' }),
    readBack: (points) => Promise.resolve(points.map(() => null)),
    count: () => Promise.resolve(null),
    endpoints: () => [],
    close: (whole = false) => outlet.close(whole),
  };
}
