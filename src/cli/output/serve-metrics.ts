// Serves the metrics of a run over HTTP during the run, and writes the metrics to a file at the end.

import type { Settings } from '../../config/settings.js';
import type { Summary } from '../../core/types/index.js';
import { version } from '../../core/version.js';
import type { Snapshot } from '../../reporting/figures.js';
import type { RunMetrics } from '../../reporting/metrics/metrics.js';
import type { MetricsServer } from '../../reporting/metrics/metrics-server.js';
import { writeResult } from '../../reporting/result-file.js';

export interface MetricsOutput {
  /** URL of the metrics; null without --metrics-listen. */
  readonly url: string | null;
  watch(snapshot: () => Snapshot): void;
  end(summary: Summary): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the metrics that the settings request. The caller has checked the file with `prepareResults`. Throws UsageError
 * if the address cannot be used.
 */
export async function openMetrics({ metricsListen, metricsFile, db }: Settings): Promise<MetricsOutput> {
  if (metricsListen === null && metricsFile === null) return noMetrics;
  const { RunMetrics: Metrics } = await import('../../reporting/metrics/metrics.js');
  const metrics: RunMetrics = new Metrics({ version: version(), database: db });
  const listening = metricsListen === null ? null : await open(metrics, metricsListen);
  return {
    url: listening?.url ?? null,
    watch: (snapshot) => metrics.watch(snapshot),
    end: async (summary) => {
      metrics.end(summary);
      if (metricsFile !== null) await writeResult(metricsFile, await metrics.text(), summary.outcome === 'busy');
    },
    close: async () => await listening?.close(),
  };
}

async function open(metrics: RunMetrics, address: { host: string; port: number }): Promise<MetricsServer> {
  const { serveMetrics } = await import('../../reporting/metrics/metrics-server.js');
  return await serveMetrics(metrics, address);
}

const noMetrics: MetricsOutput = {
  url: null,
  watch: () => {},
  end: () => Promise.resolve(),
  close: () => Promise.resolve(),
};
