// Read and rejected points of all pieces of the load. Each piece reports its own totals, so one that is loaded twice counts once.

import type { RejectTotals } from '../../core/types/index.js';
import type { Exchange, ExchangeParty, ExchangeReply, ExchangeRequest } from './limit-exchange.js';

const none: RejectTotals = { read: 0, rejected: 0 };

export class FleetRejects implements ExchangeParty {
  readonly isActive = false;
  readonly #exchange: Exchange;
  #piece: string | null = null;
  #own = none;
  #elsewhere = none;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    exchange.add(this);
  }

  /** Points of all other pieces, as of the last exchange. */
  get elsewhere(): RejectTotals {
    return this.#elsewhere;
  }

  /** Begins a piece: what an earlier attempt at it reported no longer counts. */
  begin(piece: string): void {
    this.#piece = piece;
    this.#own = none;
  }

  async report({ read, rejected }: RejectTotals): Promise<void> {
    this.#own = { read, rejected };
    await this.#exchange.sync();
  }

  fill(request: ExchangeRequest): void {
    if (this.#piece !== null) request.pieces[this.#piece] = this.#own;
  }

  accept({ pieces }: ExchangeRequest, { read, rejected }: ExchangeReply): void {
    const own = pieces[this.#piece ?? ''] ?? none;
    this.#elsewhere = { read: Math.max(0, read - own.read), rejected: Math.max(0, rejected - own.rejected) };
  }

  fail(): void {}
}
