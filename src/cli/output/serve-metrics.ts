// The two ways to the numbers of a run: asked for over HTTP while it goes on, and in a file once it has ended.

import type { Settings } from '../../config/settings.js';
import type { Summary } from '../../core/types/index.js';
import { version } from '../../core/version.js';
import type { Snapshot } from '../../reporting/figures.js';
import type { RunMetrics } from '../../reporting/metrics.js';
import type { MetricsServer } from '../../reporting/metrics-server.js';
import { writeResult } from '../../reporting/result-file.js';

export interface MetricsSource {
  /** Where the numbers are to be had; null: not over HTTP. */
  readonly url: string | null;
  watch(snapshot: () => Snapshot): void;
  end(summary: Summary): Promise<void>;
  close(): Promise<void>;
}

/** Nothing is loaded nor opened unless it was asked for; the file is prepared already. Throws UsageError. */
export async function metricsOf({ metricsListen, metricsFile, db }: Settings): Promise<MetricsSource> {
  if (metricsListen === null && metricsFile === null) return silent;
  const { RunMetrics: Numbers } = await import('../../reporting/metrics.js');
  const metrics: RunMetrics = new Numbers({ version: version(), database: db });
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
  const { serveMetrics } = await import('../../reporting/metrics-server.js');
  return await serveMetrics(metrics, address);
}

const silent: MetricsSource = {
  url: null,
  watch: () => {},
  end: () => Promise.resolve(),
  close: () => Promise.resolve(),
};
