// How a VictoriaMetrics was started, from its own page of metrics: what it keeps, and under which names.

import type { StorageLimits } from '../../core/types/index.js';

const dayMs = 86_400_000;
/** In its flags a month has 31 days, and is what a number without a unit counts. */
const unitMs: Readonly<Record<string, number>> = {
  '': 31 * dayMs,
  h: 3_600_000,
  d: dayMs,
  w: 7 * dayMs,
  y: 365 * dayMs,
};

export interface Flags {
  readonly version: string | null;
  /** Null where it is not told. */
  readonly retentionMs: number | null;
  readonly limits: StorageLimits;
  readonly names: MetricNames;
  /** To which timestamps are cut, and within which all but one point of a series are dropped; as they were given. */
  readonly trim: string;
  readonly dedup: string;
}

/** How measurement and field become the name of a metric. */
export interface MetricNames {
  readonly separator: string;
  readonly skipMeasurement: boolean;
  readonly skipSingleField: boolean;
  readonly dbLabel: string;
}

/** Where nothing is told, the least that a version keeps. */
export function flagsOf(page: string): Flags {
  const set = new Map(
    [...page.matchAll(/^flag\{name="([^"]+)", value="((?:[^"\\]|\\.)*)"/gm)].map(([, name, value]) => [name, value]),
  );
  const number = (name: string, otherwise: number): number => {
    const value = Number(set.get(name) ?? Number.NaN);
    return Number.isFinite(value) ? value : otherwise;
  };
  const version = /^vm_app_version\{[^\n]*short_version="v?([^"]+)"/m.exec(page)?.[1] ?? null;
  return {
    version,
    retentionMs: durationOf(set.get('retentionPeriod')),
    limits: {
      sinceMs: 0,
      aheadMs: durationOf(set.get('futureRetention')) ?? 2 * dayMs,
      strings: false,
      // The name of the metric and that of the database are labels as well.
      tags: number('maxLabelsPerTimeseries', 30) - 2,
      ownTags: ['__name__', set.get('influxDBLabel') ?? 'db'],
      tagNameBytes: 256,
      tagValueBytes: number('maxLabelValueLen', 1024),
      pointBytes: number('influx.maxLineSize', 262_144),
    },
    trim: set.get('influxTrimTimestamp') ?? '1ms',
    dedup: set.get('dedup.minScrapeInterval') ?? '0s',
    names: {
      separator: set.get('influxMeasurementFieldSeparator') ?? '_',
      skipMeasurement: set.get('influxSkipMeasurement') === 'true',
      skipSingleField: set.get('influxSkipSingleField') === 'true',
      dbLabel: set.get('influxDBLabel') ?? 'db',
    },
  };
}

function durationOf(text: string | undefined): number | null {
  const found = /^(\d+(?:\.\d+)?)([hdwy]?)$/.exec(text ?? '');
  return found === null ? null : Number(found[1]) * unitMs[found[2]!]!;
}
