// Sends one HTTP request and returns one outcome. Uses undici's lowest layer. Only this layer reports whether anything
// was sent, and can abort a request at once while its connection is still being made.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import type { Clock } from '../../../core/types/index.js';
import type { ExchangeOutcome, HttpRequest, HttpResponse } from '../types.js';

/**
 * Sends a request. Never rejects. Once the promise resolves, the caller may reuse the memory of the body. If the server
 * responded before it had received the whole body, the rest may still be sent, but the server discards it.
 */
export async function exchange(
  dispatcher: Dispatcher,
  request: HttpRequest,
  clock: Clock,
  signal: AbortSignal,
): Promise<ExchangeOutcome> {
  if (signal.aborted) return { kind: 'aborted', sent: false };
  const handler = new ResponseHandler(request.maxResponseBytes);
  const abort = (): void => handler.end('aborted');
  signal.addEventListener('abort', abort, { once: true });
  const cancelTimeout = clock.after(request.timeoutMs, () => handler.end('timedOut'));
  try {
    dispatcher.dispatch(dispatchOptions(request), handler);
    const outcome = await handler.outcome;
    // Waits for one turn of the event loop. In this turn, a destroyed socket frees its buffers, and undici frees its
    // connection. Without this wait, the next request would open another connection.
    await nextTurn();
    return outcome;
  } catch (error) {
    return { kind: 'error', error, sent: false };
  } finally {
    cancelTimeout();
    signal.removeEventListener('abort', abort);
  }
}

function dispatchOptions({ method, path, headers, body }: HttpRequest): Dispatcher.DispatchOptions {
  // undici's own timeouts are coarse (300 ms fires after 885 ms). So they are switched off, and `clock` ends the
  // request.
  return { method, path, headers: { ...headers }, body, headersTimeout: 0, bodyTimeout: 0 };
}

/** Settles once, with the first of these events: response, failure, timeout or abort. */
class ResponseHandler implements Dispatcher.DispatchHandler {
  readonly outcome: Promise<ExchangeOutcome>;
  #resolve: (outcome: ExchangeOutcome) => void = () => {};
  #settled = false;
  #controller: Dispatcher.DispatchController | null = null;
  #status = 0;
  #headers: HttpResponse['headers'] = {};
  #remaining: number;
  readonly #chunks: Buffer[] = [];

  constructor(maxResponseBytes: number) {
    this.#remaining = maxResponseBytes;
    this.outcome = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  end(kind: 'timedOut' | 'aborted'): void {
    this.#settle({ kind, sent: this.#controller !== null });
    this.#controller?.abort(new Error(kind));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // The caller aborted, or the time limit passed, while the connection was being made. The request must not be sent
    // now.
    if (this.#settled) controller.abort(new Error('aborted'));
    else this.#controller = controller;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: HttpResponse['headers']): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk.subarray(0, this.#remaining));
    this.#remaining -= chunk.length;
    if (this.#remaining >= 0) return;
    this.#respond(true);
    controller.abort(new Error('response too long'));
  }

  onResponseEnd(): void {
    this.#respond(false);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#settle({ kind: 'error', error, sent: this.#controller !== null });
  }

  #respond(truncated: boolean): void {
    const body = Buffer.concat(this.#chunks).toString('utf8');
    this.#settle({ kind: 'response', response: { status: this.#status, headers: this.#headers, body }, truncated });
  }

  #settle(outcome: ExchangeOutcome): void {
    this.#settled = true;
    this.#resolve(outcome);
  }
}
