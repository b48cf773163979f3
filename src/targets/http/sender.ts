// One write to one endpoint of those that are believed healthy, and what came of it: the same for every target.

import type { Attempt, Clock, EncodedBody, EndpointTotals, Verdict } from '../../core/types/index.js';
import { Endpoints, isSilence } from './endpoints.js';
import type { ExchangeOutcome } from './exchange.js';
import type { HttpOptions } from './types.js';

const probeTimeoutMs = 5_000;
const givenUp: Verdict = {
  kind: 'unreachable',
  reason: 'it stopped answering while another endpoint takes writes',
  mayBeApplied: true,
};

export interface Transport {
  /** Without a body: whatever the target answers in place of an empty write. Never rejects. */
  write(index: number, body: EncodedBody | null, timeoutMs: number, signal: AbortSignal): Promise<ExchangeOutcome>;
  verdictOf(outcome: ExchangeOutcome, timeoutMs: number, empty: boolean): Verdict;
}

export class Sender {
  readonly #options: HttpOptions;
  readonly #speaking: Transport;
  readonly #clock: Clock;
  readonly #endpoints: Endpoints;
  readonly #closed = new AbortController();

  constructor(options: HttpOptions, speaking: Transport, clock: Clock) {
    this.#options = options;
    this.#speaking = speaking;
    this.#clock = clock;
    this.#endpoints = new Endpoints(
      options.urls.map(({ shown }) => shown),
      clock,
      { probe: (index) => this.#probe(index), changed: (...what) => this.#tell(...what) },
    );
  }

  async write(body: EncodedBody, points: number, timeoutMs: number, signal: AbortSignal): Promise<Attempt> {
    const flight = this.#endpoints.begin(signal);
    const start = this.#clock.monotonic();
    const sent = body.bytes.length === 0 ? null : body;
    const outcome = await this.#speaking.write(flight.index, sent, timeoutMs, flight.signal);
    const lost = outcome.kind === 'aborted' && flight.lost;
    const verdict = lost ? givenUp : this.#speaking.verdictOf(outcome, timeoutMs, sent === null);
    flight.complete(outcome.kind === 'aborted' && !lost ? null : verdict, points);
    return {
      verdict,
      endpoint: this.#options.urls[flight.index].shown,
      latencyMs: this.#clock.monotonic() - start,
      sentBytes: outcome.kind === 'answer' || outcome.sent ? body.bytes.length : 0,
    };
  }

  /** Takes in what each endpoint said before anything was sent. */
  learn(verdicts: readonly Verdict[]): void {
    verdicts.forEach((verdict, index) => {
      if (isSilence(verdict)) this.#endpoints.learn(index, { kind: 'unreachable', reason: verdict.reason }, 0);
    });
  }

  /** All endpoints, the one whose turn it is first. */
  order(): number[] {
    const first = this.#endpoints.pick();
    return this.#options.urls.map((_, step) => (first + step) % this.#options.urls.length);
  }

  accounts(): EndpointTotals[] {
    return this.#endpoints.accounts();
  }

  close(): void {
    this.#closed.abort();
  }

  /** To be called once, before anything is sent. */
  warnOfInsecurity(): void {
    if (!this.#options.tls.insecure) return;
    const message = 'certificates are not checked (--insecure): whoever is in between can read and change everything';
    this.#options.notify?.({ level: 'warn', kind: 'insecure', message });
  }

  async #probe(index: number): Promise<Verdict> {
    const outcome = await this.#speaking.write(index, null, probeTimeoutMs, this.#closed.signal);
    return this.#speaking.verdictOf(outcome, probeTimeoutMs, true);
  }

  #tell(shown: string, up: boolean, why: string, others: boolean): void {
    const share = others ? 'others take its share, it is probed' : 'no other takes writes, it is tried again';
    const message = up ? `${shown}: ${why}` : `${shown} is left alone (${why}); ${share}`;
    this.#options.notify?.({ level: up ? 'info' : 'warn', kind: up ? 'endpoint-back' : 'endpoint-down', message });
  }
}
