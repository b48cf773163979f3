// Phases of a run and the seconds that each one took.

import type { Clock } from '../../core/types/index.js';

export type RunPhase = 'starting' | 'sending' | 'verifying' | 'ending';

export class RunPhases {
  readonly #clock: Clock;
  readonly #seconds: Record<RunPhase, number> = { starting: 0, sending: 0, verifying: 0, ending: 0 };
  #current: RunPhase = 'starting';
  #since: number;

  /** Begins with `starting`: settings, target and checkpoint are checked, and no point is sent. */
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

  /** Seconds so far. */
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
