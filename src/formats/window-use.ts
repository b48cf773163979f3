// Keeps a window of shared memory until its points are read and all batches that send from this window are settled.

export class WindowUse {
  #users = 1;
  readonly #free: () => void;

  /** @param free is called once nothing uses the window */
  constructor(free: () => void) {
    this.#free = free;
  }

  /** Keeps the window until the returned function is called. Further calls have no effect. */
  readonly hold = (): (() => void) => {
    this.#users += 1;
    let held = true;
    return () => {
      if (held) this.end();
      held = false;
    };
  };

  /** Ends the use by the reader. Must be called once. */
  end(): void {
    this.#users -= 1;
    if (this.#users === 0) this.#free();
  }
}
