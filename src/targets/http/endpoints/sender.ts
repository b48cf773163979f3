// Sends each write to one healthy endpoint, and probes the others.

import type { Attempt, EncodedBody, EndpointTotals, Verdict } from '../../../core/types/index.js';
import type { TargetDeps } from '../../types.js';
import type { ExchangeOutcome } from '../types.js';
import { Endpoints, isSilence } from './endpoints.js';

const probeTimeoutMs = 5_000;
const abandoned: Verdict = {
  kind: 'unreachable',
  reason: 'the endpoint stopped answering while another endpoint takes writes',
  mayBeApplied: true,
};

export interface Transport {
  /** Sends a body, or a probe if the body is null. Never rejects. */
  write(index: number, body: EncodedBody | null, timeoutMs: number, signal: AbortSignal): Promise<ExchangeOutcome>;
  verdictOf(outcome: ExchangeOutcome, timeoutMs: number, isProbe: boolean): Verdict;
}

export class Sender {
  readonly #deps: TargetDeps;
  readonly #urls: readonly string[];
  readonly #transport: Transport;
  readonly #endpoints: Endpoints;
  readonly #closed = new AbortController();

  constructor(deps: TargetDeps, transport: Transport) {
    this.#deps = deps;
    this.#urls = deps.settings.urls.map(({ shown }) => shown);
    this.#transport = transport;
    this.#endpoints = new Endpoints(this.#urls, deps.clock, {
      probe: (index) => this.#probe(index, probeTimeoutMs, this.#closed.signal),
      changed: (url, isUp, reason, othersTake) => this.#notify(url, isUp, reason, othersTake),
    });
  }

  async write(body: EncodedBody, points: number, timeoutMs: number, signal: AbortSignal): Promise<Attempt> {
    const { clock } = this.#deps;
    const request = this.#endpoints.begin(signal);
    const start = clock.monotonic();
    const content = body.bytes.length === 0 ? null : body;
    const outcome = await this.#transport.write(request.index, content, timeoutMs, request.signal);
    const isAbandoned = outcome.kind === 'aborted' && request.cancelled;
    const verdict = isAbandoned ? abandoned : this.#transport.verdictOf(outcome, timeoutMs, content === null);
    request.complete(outcome.kind === 'aborted' && !isAbandoned ? null : verdict, points);
    return {
      verdict,
      endpoint: this.#urls[request.index]!,
      latencyMs: clock.monotonic() - start,
      sentBytes: outcome.kind === 'response' || outcome.sent ? body.bytes.length : 0,
    };
  }

  probeAll(timeoutMs: number, signal: AbortSignal): Promise<Verdict[]> {
    return Promise.all(this.#urls.map((_, index) => this.#probe(index, timeoutMs, signal)));
  }

  /**
   * Opens the circuit of each endpoint that did not respond to a probe.
   * @param verdicts one verdict for each endpoint
   */
  learn(verdicts: readonly Verdict[]): void {
    verdicts.forEach((verdict, index) => {
      if (isSilence(verdict)) this.#endpoints.learn(index, { kind: 'unreachable', reason: verdict.reason }, 0);
    });
  }

  /** Returns the indexes of all endpoints. The first index is the endpoint that the next request would use. */
  order(): number[] {
    const first = this.#endpoints.pick();
    return this.#urls.map((_, step) => (first + step) % this.#urls.length);
  }

  /** Returns the indexes of the endpoints with a closed circuit. */
  closed(): number[] {
    return this.#endpoints.closed();
  }

  totals(): EndpointTotals[] {
    return this.#endpoints.totals();
  }

  close(): void {
    this.#closed.abort();
  }

  warnOfInsecurity(): void {
    if (!this.#deps.settings.insecure) return;
    const message =
      'bulk-load does not check certificates (--insecure): anyone on the network path can read and change the points';
    this.#deps.notify({ level: 'warn', kind: 'insecure', message });
  }

  async #probe(index: number, timeoutMs: number, signal: AbortSignal): Promise<Verdict> {
    const outcome = await this.#transport.write(index, null, timeoutMs, signal);
    return this.#transport.verdictOf(outcome, timeoutMs, true);
  }

  #notify(url: string, isUp: boolean, reason: string, othersTake: boolean): void {
    const consequence = othersTake
      ? 'the other endpoints take all requests while bulk-load tests this endpoint'
      : 'no other endpoint takes writes, so bulk-load tries this endpoint again';
    const message = isUp ? `${url}: ${reason}` : `${url}: circuit open (${reason}); ${consequence}`;
    this.#deps.notify({ level: isUp ? 'info' : 'warn', kind: isUp ? 'endpoint-back' : 'endpoint-down', message });
  }
}
