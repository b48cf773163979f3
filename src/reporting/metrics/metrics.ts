// Metrics of a run for Prometheus, collected from a snapshot at each request.

import { Counter, Gauge, Registry } from 'prom-client';
import type { Summary } from '../../core/types/index.js';
import { type Figure, type FigureMetric, figures, type Snapshot, valueAt } from '../figures.js';

const prefix = 'bulk_load_';

/** Metrics of one run. */
export class RunMetrics {
  readonly #registry = new Registry();
  #snapshot: (() => Snapshot) | null = null;

  /** @param info labels of `bulk_load_info` */
  constructor(info: Readonly<Record<string, string>>) {
    for (const { key, title, where } of figures) if (where?.metric !== undefined) this.#add(key, title, where.metric);
    this.#set('info', 'Always 1; labels name the version and the database.', 1, info);
  }

  /** Sets the source of the metrics: from now on, each request for metrics calls `snapshot`. */
  watch(snapshot: () => Snapshot): void {
    this.#snapshot = snapshot;
  }

  /**
   * Adds the metrics about the end of the run, for the metrics file. A later call replaces the metrics of an earlier
   * call.
   */
  end({ exitCode, outcome, endedAt, points }: Summary): void {
    this.#set('exit_code', 'Exit code of this run; absent until the run ends.', exitCode, { outcome });
    this.#set('end_time_seconds', 'Time when this run ended, in seconds since 1970.', Date.parse(endedAt) / 1000);
    this.#set(
      'points_undelivered',
      'Points that were read, but neither acknowledged nor rejected, when this run ended.',
      points.undelivered,
    );
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Returns the metrics in the text format of Prometheus. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #set(name: string, help: string, value: number, labels: Readonly<Record<string, string>> = {}): void {
    const registers = [this.#registry];
    this.#registry.removeSingleMetric(prefix + name);
    new Gauge({ name: prefix + name, help, labelNames: Object.keys(labels), registers }).set(labels, value);
  }

  #add(key: Figure['key'], title: string, { name, type, label, read }: FigureMetric): void {
    const samples = (): [Record<string, string>, number][] => {
      const run = this.#snapshot?.();
      const value =
        run === undefined
          ? null
          : ((read === undefined ? valueAt(run, key) : read(run)) as ReturnType<NonNullable<typeof read>>);
      if (value === null) return [];
      if (typeof value === 'number') return [[{}, value]];
      return Object.entries(value).map(([of, each]) => [{ [label ?? 'of']: of }, each]);
    };
    const options = { name: prefix + name, help: `${title}.`, labelNames: label === undefined ? [] : [label] };
    const registers = [this.#registry];
    if (type === 'counter') {
      new Counter({
        ...options,
        registers,
        collect() {
          this.reset();
          for (const [labels, value] of samples()) this.inc(labels, value);
        },
      });
      return;
    }
    new Gauge({
      ...options,
      registers,
      collect() {
        // `reset` sets a gauge without a label to 0, which would be wrong for an unknown value. So `remove` is called.
        if (label === undefined) this.remove();
        else this.reset();
        for (const [labels, value] of samples()) this.set(labels, value);
      },
    });
  }
}
