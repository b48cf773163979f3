// Counts the read and rejected points of all pieces of the load. Each report replaces the earlier totals of its piece.
// So a piece that is loaded twice counts once.

import type { RejectTotals } from '../../core/types/index.js';
import type { Exchange, ExchangeParty, ExchangeReply, ExchangeRequest } from './limit-exchange.js';

const none: RejectTotals = { read: 0, rejected: 0 };

export class FleetRejects implements ExchangeParty {
  readonly isActive = false;
  readonly #exchange: Exchange;
  #piece: string | null = null;
  #own = none;
  /** Totals of the current piece, as Redis received them last. */
  #reported = none;
  #elsewhere = none;
  /** True if a request with the latest totals of the current piece was sent to Redis. */
  #isReported = true;
  #epoch = '';

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    exchange.add(this);
  }

  /** Totals of all pieces except the current piece, when Redis last responded. */
  get elsewhere(): RejectTotals {
    return this.#elsewhere;
  }

  /** Begins a piece. New totals will replace the totals of earlier attempts at this piece. */
  begin(piece: string): void {
    this.#piece = piece;
    this.#own = none;
    this.#reported = none;
    this.#isReported = false;
  }

  /** Ends the piece. Redis keeps the totals of the piece. */
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
    // A new epoch means that Redis has lost its data, so the totals are reported again.
    if (epoch !== this.#epoch && this.#epoch !== '') this.#isReported = false;
    this.#epoch = epoch;
    const own = this.#reported;
    this.#elsewhere = { read: Math.max(0, read - own.read), rejected: Math.max(0, rejected - own.rejected) };
  }

  fail(): void {
    this.#isReported = false;
  }
}
