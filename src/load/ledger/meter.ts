// Measures requests: their number by verdict, their bytes and their latencies.

import { createHistogram } from 'node:perf_hooks';
import type { Answers, Attempt, Summary } from '../../core/types/index.js';
import { RecentLatency } from './recent-latency.js';

const perMs = 1000;
const noAnswers: Answers = {
  accepted: 0,
  overloaded: 0,
  forming: 0,
  unreachable: 0,
  dropped: 0,
  rejected: 0,
  refused: 0,
};

/** Counts the writes to one endpoint. */
class EndpointMeter {
  readonly answers = { ...noAnswers };
  readonly latency = new RecentLatency();
}

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
  readonly #endpoints = new Map<string, EndpointMeter>();

  /**
   * Counts one attempt to send a request. The summary has no counts for two verdicts: `forming` counts as overloaded,
   * and `dropped` counts as unreachable.
   * @param now monotonic ms
   */
  count({ verdict, endpoint, latencyMs, sentBytes }: Attempt, retry: boolean, now: number): void {
    const kind = verdict.kind === 'forming' ? 'overloaded' : verdict.kind === 'dropped' ? 'unreachable' : verdict.kind;
    this.requests.sent += 1;
    this.requests[kind] += 1;
    if (retry) this.requests.retried += 1;
    this.bytesSent += sentBytes;
    const at = this.#endpoint(endpoint);
    at.answers[verdict.kind] += 1;
    if (kind !== 'accepted') return;
    this.#latency.record(Math.max(1, Math.round(latencyMs * perMs)));
    at.latency.record(latencyMs, now);
  }

  /** Returns the figures of one endpoint; all figures are zero if no request was sent to it. */
  endpoint(url: string, now: number): { readonly answers: Answers; readonly p99Ms: number } {
    const found = this.#endpoints.get(url);
    return { answers: { ...(found?.answers ?? noAnswers) }, p99Ms: found?.latency.p99(now) ?? 0 };
  }

  /**
   * Returns percentiles of the latency of accepted requests, ms; all percentiles are zero if no request was accepted.
   */
  latencyMs(): Summary['latencyMs'] {
    const at = (percentile: number): number => this.#latency.percentile(percentile) / perMs;
    return { p50: at(50), p95: at(95), p99: at(99), max: this.#latency.max / perMs };
  }

  #endpoint(url: string): EndpointMeter {
    let found = this.#endpoints.get(url);
    if (found === undefined) {
      found = new EndpointMeter();
      this.#endpoints.set(url, found);
    }
    return found;
  }
}
