// Applies the changes that all workers of a fleet make to a node's memory. So each worker plans with the memory that
// all workers together use.

import { z } from 'zod';
import type { MemoryEvent, MemoryFollower } from '../../core/types/index.js';
import type { SeriesEstimate } from './flush/series-estimate.js';
import type { Stages } from './flush/stages.js';
import type { RaftCaches } from './raft-caches.js';
import type { Rinsing } from './rinsing.js';
import type { TargetPressure } from './target-pressure.js';

/**
 * Returns the schema for the result of `save`. The schema is created on demand, because only loads in a fleet need it.
 */
function savedSchema() {
  const series = z.object({
    seen: z.array(z.tuple([z.number(), z.boolean()])),
    ...{ zeroBits: z.number(), points: z.number(), slots: z.number(), series: z.number() },
  });
  return z.object({
    pressure: z.object({
      ...{ pending: z.number(), fresh: z.number(), pendingSeries: z.number(), freshSeries: z.number() },
      ...{ factor: z.number(), isFlushing: z.boolean() },
    }),
    ...{ series, allSeries: series },
    caches: z.array(z.tuple([z.number(), z.array(z.number()), z.boolean(), z.boolean()])),
    samples: z.array(z.tuple([z.number(), z.object({ points: z.array(z.string().nullable()), rowBytes: z.number() })])),
  });
}

export interface FleetMemoryParts {
  readonly stages: Pick<Stages, 'acknowledged'>;
  readonly caches: RaftCaches;
  /** Estimated numbers of series: `series` since the last flush began, `allSeries` in the whole load. */
  readonly series: SeriesEstimate;
  readonly allSeries: SeriesEstimate;
  readonly pressure: TargetPressure;
  readonly rinsing: Rinsing;
}

/**
 * Creates the follower that applies each change of the fleet's log to the estimates of this worker. So the estimates of
 * all workers are equal.
 */
export function followMemory({
  stages,
  caches,
  series,
  allSeries,
  pressure,
  rinsing,
}: FleetMemoryParts): MemoryFollower {
  const apply = (event: MemoryEvent, own: boolean): void => {
    switch (event.kind) {
      case 'body':
        stages.acknowledged(event.bytes);
        caches.add(event.parts, event.bytes === 0);
        allSeries.add(event);
        pressure.acknowledged(event.bytes, event.rows, event.sample.length === 0 ? 0 : series.add(event));
        return;
      case 'sample':
        rinsing.learn(event.bucket, event);
        return;
      case 'flush':
        series.reset();
        caches.flushBegan();
        pressure.flushBegan(event.cause, own);
        return;
      case 'flushed':
        pressure.flushEnded(event.outcome);
    }
  };
  return {
    apply,
    flushLost: () => {
      const reason = 'the worker that requested the flush is gone';
      if (pressure.flushing.flushingSince !== null) pressure.flushEnded({ kind: 'failed', tookMs: 0, reason });
    },
    save: () => ({
      pressure: pressure.save(),
      caches: caches.save(),
      series: series.save(),
      allSeries: allSeries.save(),
      samples: rinsing.save(),
    }),
    restore: (saved) => {
      const found = savedSchema().safeParse(saved).data;
      if (found === undefined) return;
      caches.restore(found.caches);
      series.restore(found.series);
      allSeries.restore(found.allSeries);
      pressure.restore(found.pressure);
      for (const [bucket, sample] of found.samples) rinsing.learn(bucket, sample);
    },
  };
}
