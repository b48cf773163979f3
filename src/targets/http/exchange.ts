// One HTTP request, one outcome. Uses undici's lowest layer: only there is it known exactly whether anything was sent,
// and an abort takes effect at once, also while a connection is still being made.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import type { Clock } from '../../core/types/index.js';
import type { HttpAnswer } from './http-status.js';

/** What to send. `headers` without Content-Length, which always goes along. */
export interface ExchangeRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** One contiguous body; null for none (Content-Length: 0). */
  readonly body: Uint8Array | null;
  readonly timeoutMs: number;
  /** The rest of an answer is not read. */
  readonly maxAnswerBytes: number;
}

/**
 * `sent`: the request was given to a connected socket. `timedOut`: ours, `timeoutMs` passed. `aborted`: the caller's
 * signal. Otherwise the network's `error`.
 */
export type ExchangeOutcome =
  | { readonly kind: 'answer'; readonly answer: HttpAnswer; readonly cut: boolean }
  | { readonly kind: 'error'; readonly error: unknown; readonly sent: boolean }
  | { readonly kind: 'timedOut' | 'aborted'; readonly sent: boolean };

/**
 * Never rejects. When it resolves the body has been given back: what a socket may still hold of it then is the rest of a
 * request that was answered before it was read, and such a rest is thrown away by the other side.
 */
export async function exchange(
  dispatcher: Dispatcher,
  ask: ExchangeRequest,
  clock: Clock,
  signal: AbortSignal,
): Promise<ExchangeOutcome> {
  if (signal.aborted) return { kind: 'aborted', sent: false };
  const request = new UndiciRequest(ask.maxAnswerBytes);
  const abort = (): void => request.end('aborted');
  signal.addEventListener('abort', abort, { once: true });
  const answered = clock.after(ask.timeoutMs, () => request.end('timedOut'));
  try {
    dispatcher.dispatch(optionsOf(ask), request);
    const outcome = await request.outcome;
    // A torn-down socket gives its buffers back when it is closed: within this turn of the event loop.
    if (outcome.kind !== 'answer' || outcome.answer.status >= 300) await nextTurn();
    return outcome;
  } catch (error) {
    return { kind: 'error', error, sent: false };
  } finally {
    answered();
    signal.removeEventListener('abort', abort);
  }
}

function optionsOf({ method, path, headers, body }: ExchangeRequest): Dispatcher.DispatchOptions {
  // undici's own timeouts are coarse (300 ms fires at 885 ms): ours is the clock's.
  return { method, path, headers: { ...headers }, body, headersTimeout: 0, bodyTimeout: 0 };
}

/** Keeps that there is one outcome, whichever of answer, failure, time and caller comes first. */
class UndiciRequest implements Dispatcher.DispatchHandler {
  readonly outcome: Promise<ExchangeOutcome>;
  #resolve: (outcome: ExchangeOutcome) => void = () => {};
  #over = false;
  #controller: Dispatcher.DispatchController | null = null;
  #status = 0;
  #headers: HttpAnswer['headers'] = {};
  #left: number;
  readonly #chunks: Buffer[] = [];

  constructor(maxAnswerBytes: number) {
    this.#left = maxAnswerBytes;
    this.outcome = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  end(kind: 'timedOut' | 'aborted'): void {
    this.#settle({ kind, sent: this.#controller !== null });
    this.#controller?.abort(new Error(kind));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // The caller has gone while a connection was made: nothing of it may be sent any more.
    if (this.#over) controller.abort(new Error('aborted'));
    else this.#controller = controller;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: HttpAnswer['headers']): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk.subarray(0, this.#left));
    this.#left -= chunk.length;
    if (this.#left >= 0) return;
    this.#answer(true);
    controller.abort(new Error('answer too long'));
  }

  onResponseEnd(): void {
    this.#answer(false);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#settle({ kind: 'error', error, sent: this.#controller !== null });
  }

  #answer(cut: boolean): void {
    const body = Buffer.concat(this.#chunks).toString('utf8');
    this.#settle({ kind: 'answer', answer: { status: this.#status, headers: this.#headers, body }, cut });
  }

  #settle(outcome: ExchangeOutcome): void {
    this.#over = true;
    this.#resolve(outcome);
  }
}
