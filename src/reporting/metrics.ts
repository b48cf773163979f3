// A run in numbers for Prometheus: each name with its unit and what it counts, filled from a snapshot when asked.

import { Counter, Gauge, Registry } from 'prom-client';
import type { Snapshot, Summary } from '../core/types/index.js';

type Labelled = readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];

interface Metric {
  readonly name: string;
  readonly help: string;
  readonly label?: string;
  /** Null: not known, so not told. */
  readonly value: (snapshot: Snapshot) => number | Labelled | null;
}

const by = (label: string, values: Readonly<Record<string, number>>): Labelled =>
  Object.entries(values).map(([key, value]) => ({ labels: { [label]: key }, value }));

const counters: readonly Metric[] = [
  { name: 'points_read_total', help: 'Points read, over all runs of the load.', value: ({ points }) => points.read },
  {
    name: 'points_loaded_total',
    help: 'Points the target acknowledged, over all runs of the load.',
    value: ({ points }) => points.loaded,
  },
  {
    name: 'points_rejected_total',
    help: 'Points refused for their content and kept as dead letters, over all runs of the load.',
    value: ({ points }) => points.rejected,
  },
  {
    name: 'values_loaded_total',
    help: 'Field values of the points loaded, over all runs of the load.',
    value: ({ values }) => values.loaded,
  },
  {
    name: 'input_bytes_total',
    help: 'Bytes of the inputs read, as they are stored.',
    value: ({ bytes }) => bytes.read,
  },
  {
    name: 'decoded_bytes_total',
    help: 'Bytes of the inputs after decompression.',
    value: ({ bytes }) => bytes.decoded,
  },
  {
    name: 'sent_bytes_total',
    help: 'Bytes of request bodies on the wire, retries included.',
    value: ({ bytes }) => bytes.sent,
  },
  {
    name: 'requests_total',
    help: 'Writes by what came of them.',
    label: 'result',
    value: ({ requests: { sent: _sent, retried: _retried, ...results } }) => by('result', results),
  },
  { name: 'retries_total', help: 'Writes of what was sent before.', value: ({ requests }) => requests.retried },
];

const levels = ['normal', 'high', 'critical', 'stop'] as const;

const gauges: readonly Metric[] = [
  { name: 'run_seconds', help: 'Seconds since this run began.', value: ({ seconds }) => seconds },
  {
    name: 'input_size_bytes',
    help: 'Bytes of all inputs, as they are stored; absent while one is of unknown size.',
    value: ({ bytes }) => bytes.total,
  },
  { name: 'inputs', help: 'Inputs of this run.', value: ({ inputs }) => inputs.total },
  { name: 'inputs_done', help: 'Inputs read to their end.', value: ({ inputs }) => inputs.done },
  { name: 'requests_in_flight', help: 'Writes that wait for their answer.', value: ({ inFlight }) => inFlight },
  { name: 'writers', help: 'Writers allowed just now.', value: ({ writers }) => writers.limit },
  { name: 'writers_max', help: 'Most writers there may be.', value: ({ writers }) => writers.max },
  {
    name: 'resident_memory_bytes',
    help: 'Resident memory of this process.',
    value: ({ memory }) => memory.rssBytes,
  },
  { name: 'memory_limit_bytes', help: 'What it is held under.', value: ({ memory }) => memory.limitBytes },
  {
    name: 'memory_level',
    help: '1 for the level that resident memory is at: normal, high, critical or stop.',
    label: 'level',
    value: ({ memory }) => levels.map((level) => ({ labels: { level }, value: Number(memory.level === level) })),
  },
  {
    name: 'request_latency_seconds',
    help: 'Latency of acknowledged writes, of this run.',
    label: 'quantile',
    value: ({ latencyMs: { p50, p99 } }) => by('quantile', { '0.5': p50 / 1000, '0.99': p99 / 1000 }),
  },
  {
    name: 'held_back',
    help: '1 for what holds the load back just now: target, targetMemory, ownMemory, input or rateLimit.',
    label: 'by',
    value: ({ heldBackBy }) => {
      const held = (name: string): number => Number(heldBackBy === name);
      const causes = ['target', 'targetMemory', 'ownMemory', 'input', 'rateLimit'];
      return by('by', Object.fromEntries(causes.map((cause) => [cause, held(cause)])));
    },
  },
];

const prefix = 'bulk_load_';

/** The names of one run. */
export class RunMetrics {
  readonly #registry = new Registry();
  #snapshot: (() => Snapshot) | null = null;

  /** `labels` of `bulk_load_info`. */
  constructor(info: Readonly<Record<string, string>>) {
    const registers = [this.#registry];
    for (const metric of counters) this.#counter(metric);
    for (const metric of gauges) this.#gauge(metric);
    new Gauge({
      name: `${prefix}info`,
      help: 'Always 1; what runs where.',
      labelNames: Object.keys(info),
      registers,
    }).set(info, 1);
  }

  /** What is told from now on. */
  watch(snapshot: () => Snapshot): void {
    this.#snapshot = snapshot;
  }

  /** How the run ended, for whoever looks at the file later. Once. */
  end({ exitCode, outcome, endedAt, points }: Summary): void {
    const gauge = (name: string, help: string, value: number, labels: Record<string, string> = {}): void => {
      new Gauge({ name: prefix + name, help, labelNames: Object.keys(labels), registers: [this.#registry] }).set(
        labels,
        value,
      );
    };
    gauge('exit_code', 'Exit code of the last run.', exitCode, { outcome });
    gauge('end_time_seconds', 'When the last run ended, since 1970.', Date.parse(endedAt) / 1000);
    gauge('points_undelivered', 'Points read and never acknowledged when the run ended.', points.undelivered);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** In the text format of Prometheus. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #counter({ name, help, label, value }: Metric): void {
    const look = (): Labelled => this.#look(value);
    new Counter({
      name: prefix + name,
      help,
      labelNames: label === undefined ? [] : [label],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const each of look()) this.inc(each.labels, each.value);
      },
    });
  }

  #gauge({ name, help, label, value }: Metric): void {
    const look = (): Labelled => this.#look(value);
    new Gauge({
      name: prefix + name,
      help,
      labelNames: label === undefined ? [] : [label],
      registers: [this.#registry],
      collect() {
        // Reset to 0 would say that what is not known is nothing.
        if (label === undefined) this.remove();
        else this.reset();
        for (const each of look()) this.set(each.labels, each.value);
      },
    });
  }

  #look(value: Metric['value']): Labelled {
    const told = this.#snapshot === null ? null : value(this.#snapshot());
    if (told === null) return [];
    return typeof told === 'number' ? [{ labels: {}, value: told }] : told;
  }
}
