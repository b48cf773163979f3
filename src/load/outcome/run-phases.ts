// Measures the seconds that each phase of a run takes.

import type { Clock } from '../../core/types/index.js';

export type RunPhase = 'starting' | 'sending' | 'verifying' | 'ending';

export class RunPhases {
  readonly #clock: Clock;
  readonly #seconds: Record<RunPhase, number> = { starting: 0, sending: 0, verifying: 0, ending: 0 };
  #current: RunPhase = 'starting';
  #since: number;

  /** The first phase is `starting`, which checks settings, target and checkpoint, and sends no point. */
  constructor(clock: Clock) {
    this.#clock = clock;
    this.#since = clock.monotonic();
  }

  get current(): RunPhase {
    return this.#current;
  }

  begin(phase: RunPhase): void {
    this.#count();
    this.#current = phase;
  }

  /** Seconds of each phase so far. */
  get seconds(): Readonly<Record<RunPhase, number>> {
    this.#count();
    return { ...this.#seconds };
  }

  #count(): void {
    const now = this.#clock.monotonic();
    this.#seconds[this.#current] += (now - this.#since) / 1000;
    this.#since = now;
  }
}
