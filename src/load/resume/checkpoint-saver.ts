// Saves the checkpoint after changes, at intervals of one second. Saves less often if saving takes long.

import type { Clock } from '../../core/types/index.js';

const saveMs = 1000;
/**
 * The interval between saves is at least this multiple of the duration of a save. So saving takes at most 1 % of the
 * time.
 */
const saveShare = 100;

export interface CheckpointSaverOptions {
  readonly clock: Clock;
  /** Writes the checkpoint. Resolves with false if the state cannot be saved at this moment. Throws StateError. */
  readonly save: () => Promise<boolean>;
  /** Ends the run with an error. */
  readonly end: (error: unknown) => void;
}

export class CheckpointSaver {
  readonly #options: CheckpointSaverOptions;
  #changed = false;
  #stopped = false;
  #saving: Promise<void> | null = null;
  #cancelTimer: (() => void) | null = null;
  #notBefore = 0;
  #saves = 0;
  #savedMs = 0;

  constructor(options: CheckpointSaverOptions) {
    this.#options = options;
  }

  /** Number of written checkpoints, and the time that writing them took in total, ms. */
  get stats(): { readonly saves: number; readonly ms: number } {
    return { saves: this.#saves, ms: this.#savedMs };
  }

  get isSaving(): boolean {
    return this.#saving !== null;
  }

  /** Schedules a save after a change. Has no effect before the first call of `save`. */
  touch(): void {
    this.#changed = true;
    if (this.#stopped || this.#saving !== null || this.#cancelTimer !== null || this.#saves === 0) return;
    const { clock, end } = this.#options;
    this.#cancelTimer = clock.after(Math.max(0, this.#notBefore - clock.monotonic()), () => {
      this.#cancelTimer = null;
      this.#saving = this.save()
        .catch(end)
        .finally(() => {
          this.#saving = null;
          if (this.#changed) this.touch();
        });
    });
  }

  async save(): Promise<void> {
    const { clock, save } = this.#options;
    const from = clock.monotonic();
    this.#notBefore = from + saveMs;
    if (!(await save())) return;
    const tookMs = clock.monotonic() - from;
    this.#saves += 1;
    this.#savedMs += tookMs;
    this.#notBefore = from + Math.max(saveMs, tookMs * saveShare);
  }

  /** Marks all changes so far as saved. The function `save` of the options calls this when it has copied the state. */
  copied(): void {
    this.#changed = false;
  }

  /** Prevents further scheduled saves. Resolves when no save is running. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer?.();
    await this.#saving;
  }
}
