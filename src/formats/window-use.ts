// Reserves a window until its points are read and all batches sent from it are settled. A window is a part of shared
// memory for input bytes.

export class WindowUse {
  #users = 1;
  readonly #free: () => void;

  /** @param free called when the last use of the window ends */
  constructor(free: () => void) {
    this.#free = free;
  }

  /** Reserves the window until the returned function is called. Further calls of that function have no effect. */
  readonly hold = (): (() => void) => {
    this.#users += 1;
    let held = true;
    return () => {
      if (held) this.end();
      held = false;
    };
  };

  /** Called by the reader after it has read all points of the window. Must be called exactly once. */
  end(): void {
    this.#users -= 1;
    if (this.#users === 0) this.#free();
  }
}
