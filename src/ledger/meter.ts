// What went over the wire: requests by verdict, bytes, latencies, and the time that something held the load back.

import { createHistogram } from 'node:perf_hooks';
import type { Attempt, Summary } from '../model.js';

const perMs = 1000;

export class Meter {
  readonly requests: Summary['requests'] = {
    sent: 0,
    accepted: 0,
    overloaded: 0,
    unreachable: 0,
    rejected: 0,
    refused: 0,
    retried: 0,
  };
  bytesSent = 0;
  readonly #latency = createHistogram();

  /** Books one attempt. `forming` counts as overloaded, `dropped` as unreachable: the summary knows six kinds. */
  count({ verdict, latencyMs, sentBytes }: Attempt, retry: boolean): void {
    const kind = verdict.kind === 'forming' ? 'overloaded' : verdict.kind === 'dropped' ? 'unreachable' : verdict.kind;
    this.requests.sent += 1;
    this.requests[kind] += 1;
    if (retry) this.requests.retried += 1;
    this.bytesSent += sentBytes;
    if (kind === 'accepted') this.#latency.record(Math.max(1, Math.round(latencyMs * perMs)));
  }

  /** Of accepted requests, ms; zeros when there are none. */
  latencyMs(): Summary['latencyMs'] {
    if (this.requests.accepted === 0) return { p50: 0, p95: 0, p99: 0, max: 0 };
    const at = (percentile: number): number => this.#latency.percentile(percentile) / perMs;
    return { p50: at(50), p95: at(95), p99: at(99), max: this.#latency.max / perMs };
  }
}
