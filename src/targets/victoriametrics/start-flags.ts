// Reads the start flags of VictoriaMetrics from its Prometheus page. The flags set the limits of the storage and the
// names of metrics.

import type { StorageLimits } from '../../core/types/index.js';
import { samples } from '../http/response-text.js';

const dayMs = 86_400_000;
/** Units of a duration, ms. A number without a unit counts months of 31 days. */
const unitMs: Readonly<Record<string, number>> = {
  '': 31 * dayMs,
  h: 3_600_000,
  d: dayMs,
  w: 7 * dayMs,
  y: 365 * dayMs,
};

export interface StartFlags {
  readonly version: string | null;
  /** Retention, ms; null if unknown. */
  readonly retentionMs: number | null;
  readonly limits: StorageLimits;
  readonly names: MetricNames;
  /** VictoriaMetrics truncates timestamps to multiples of this duration. */
  readonly trim: string;
  /** In each interval of this duration, VictoriaMetrics keeps only one point of a series. */
  readonly dedup: string;
}

/** Rules by which VictoriaMetrics forms the name of a metric from measurement and field. */
export interface MetricNames {
  readonly separator: string;
  readonly skipMeasurement: boolean;
  readonly skipSingleField: boolean;
  readonly dbLabel: string;
}

/** Only this many characters of a sample's labels are parsed. */
const maxLabels = 8192;

/** Parses the flags. For a missing flag, assumes the strictest default of all versions. */
export function startFlags(page: string): StartFlags {
  const flags = new Map<string, string>();
  for (const { labels } of samples(page, 'flag')) {
    const found = /^name="([^"]+)", value="((?:[^"\\]|\\.)*)"/.exec(labels.slice(0, maxLabels));
    if (found !== null) flags.set(found[1]!, found[2]!);
  }
  const number = (name: string, otherwise: number): number => {
    const value = Number(flags.get(name) ?? Number.NaN);
    return Number.isFinite(value) ? value : otherwise;
  };
  const [versionSample] = samples(page, 'vm_app_version');
  const version = /short_version="v?([^"]+)"/.exec(versionSample?.labels.slice(0, maxLabels) ?? '')?.[1] ?? null;
  return {
    version,
    retentionMs: durationOf(flags.get('retentionPeriod')),
    limits: {
      sinceMs: 0,
      aheadMs: durationOf(flags.get('futureRetention')) ?? 2 * dayMs,
      strings: false,
      // The limit of VictoriaMetrics includes two labels that are not tags: the name of the metric and the database.
      tags: number('maxLabelsPerTimeseries', 30) - 2,
      ownTags: ['__name__', flags.get('influxDBLabel') ?? 'db'],
      tagNameBytes: 256,
      tagValueBytes: number('maxLabelValueLen', 1024),
      pointBytes: number('influx.maxLineSize', 262_144),
    },
    trim: flags.get('influxTrimTimestamp') ?? '1ms',
    dedup: flags.get('dedup.minScrapeInterval') ?? '0s',
    names: {
      separator: flags.get('influxMeasurementFieldSeparator') ?? '_',
      skipMeasurement: flags.get('influxSkipMeasurement') === 'true',
      skipSingleField: flags.get('influxSkipSingleField') === 'true',
      dbLabel: flags.get('influxDBLabel') ?? 'db',
    },
  };
}

function durationOf(text: string | undefined): number | null {
  const found = /^(\d+(?:\.\d+)?)([hdwy]?)$/.exec(text ?? '');
  return found === null ? null : Number(found[1]) * unitMs[found[2]!]!;
}
