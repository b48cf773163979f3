// Counts the read and rejected points of all pieces of the load. Each piece reports its totals, so a piece that is loaded twice
// counts once.

import type { RejectTotals } from '../../core/types/index.js';
import type { Exchange, ExchangeParty, ExchangeReply, ExchangeRequest } from './limit-exchange.js';

const none: RejectTotals = { read: 0, rejected: 0 };

export class FleetRejects implements ExchangeParty {
  readonly isActive = false;
  readonly #exchange: Exchange;
  #piece: string | null = null;
  #own = none;
  /** Totals of the piece that Redis has. */
  #reported = none;
  #elsewhere = none;
  /** True once Redis has the totals of the piece. */
  #isReported = true;
  #epoch = '';

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    exchange.add(this);
  }

  /** Points of all other pieces, as of the last exchange. */
  get elsewhere(): RejectTotals {
    return this.#elsewhere;
  }

  /** Begins a piece. The totals of an earlier attempt at the piece no longer count. */
  begin(piece: string): void {
    this.#piece = piece;
    this.#own = none;
    this.#reported = none;
    this.#isReported = false;
  }

  /** Ends the piece. Its reported totals still count. */
  end(): void {
    this.#piece = null;
  }

  async report({ read, rejected }: RejectTotals): Promise<void> {
    this.#own = { read, rejected };
    this.#isReported = false;
    await this.#exchange.sync();
  }

  fill(request: ExchangeRequest): void {
    if (this.#piece === null || this.#isReported) return;
    request.pieces[this.#piece] = this.#own;
    this.#isReported = true;
  }

  accept({ pieces }: ExchangeRequest, { epoch, read, rejected }: ExchangeReply): void {
    this.#reported = pieces[this.#piece ?? ''] ?? this.#reported;
    // Reports the totals again after Redis lost its data.
    if (epoch !== this.#epoch && this.#epoch !== '') this.#isReported = false;
    this.#epoch = epoch;
    const own = this.#reported;
    this.#elsewhere = { read: Math.max(0, read - own.read), rejected: Math.max(0, rejected - own.rejected) };
  }

  fail(): void {
    this.#isReported = false;
  }
}
