// Saves the checkpoint about once a second while the state changes, and less often if saving takes long.

import type { Clock } from '../../core/types/index.js';

const saveMs = 1000;
/** Least interval between saves, as a multiple of a save's duration. Saving takes at most a hundredth of the time. */
const saveShare = 100;

export interface CheckpointSaverOptions {
  readonly clock: Clock;
  /** Writes the checkpoint. Resolves with false if it cannot be written at this moment. Throws StateError. */
  readonly save: () => Promise<boolean>;
  /** Ends the run. */
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

  /** Number of checkpoints written, and the time that writing took, ms. */
  get stats(): { readonly saves: number; readonly ms: number } {
    return { saves: this.#saves, ms: this.#savedMs };
  }

  get isSaving(): boolean {
    return this.#saving !== null;
  }

  /** Schedules a save after a change. No save is scheduled before the first `save`. */
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

  /** Marks all changes so far as saved. The caller has just copied the state to save. */
  copied(): void {
    this.#changed = false;
  }

  /** Schedules no further save. Resolves once no save is in progress. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer?.();
    await this.#saving;
  }
}
