// The memory of all batches: a fixed number of slots of equal size. A slot is allocated on first use, and the slot
// freed last is reused first, so a load with two writers allocates only two slots. Allocating many megabytes makes V8
// collect all garbage, which costs a small load 15 ms.

export interface SlotPlan {
  /** Largest request body, bytes. */
  readonly bodyBytes: number;
  /** Bytes for the original input of rejected and rewritten points, which the body does not hold. */
  readonly sideBytes: number;
  /** Largest number of points in a batch. */
  readonly points: number;
}

/** Words per point in `Slot.index`. */
export const SLOT_WORDS = 5;
/** Offset in `body` after the point's LF. */
export const END = 0;
/** Offset + 1 of the original input in `side`; 0 if the body holds the original input. */
export const SIDE = 1;
/** Length of the original input in bytes. */
export const ORIGINAL = 2;
/** Physical line, relative to the first line of the batch. */
export const LINE_DELTA = 3;
/** Decoded byte offset, relative to the first byte of the batch. */
export const OFFSET_DELTA = 4;

export interface Slot {
  readonly body: Uint8Array;
  readonly side: Uint8Array;
  readonly index: Uint32Array;
}

/** Returns the bytes of one slot. */
export function slotBytes(plan: SlotPlan): number {
  return align(plan.points * SLOT_WORDS * 4) + align(plan.bodyBytes) + align(plan.sideBytes);
}

export class Arena {
  readonly slots: number;
  readonly plan: SlotPlan;
  readonly #free: Slot[] = [];
  #unused: number;
  readonly #waiting: ((slot: Slot) => void)[] = [];

  constructor(slots: number, plan: SlotPlan) {
    this.slots = slots;
    this.plan = plan;
    this.#unused = slots;
  }

  get free(): number {
    return this.#free.length + this.#unused;
  }

  /** Waits for a free slot and takes it. The caller must give the slot back exactly once. */
  async take(signal: AbortSignal): Promise<Slot> {
    signal.throwIfAborted();
    const slot = this.#free.pop();
    if (slot !== undefined) return slot;
    if (this.#unused > 0) return this.#newSlot();
    return await new Promise((resolve, reject) => {
      const stop = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(got), 1);
        reject(signal.reason as Error);
      };
      const got = (slot: Slot): void => {
        signal.removeEventListener('abort', stop);
        resolve(slot);
      };
      signal.addEventListener('abort', stop, { once: true });
      this.#waiting.push(got);
    });
  }

  give(slot: Slot): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(slot);
    else next(slot);
  }

  #newSlot(): Slot {
    const { points, bodyBytes, sideBytes } = this.plan;
    const memory = new ArrayBuffer(slotBytes(this.plan));
    const bodyAt = align(points * SLOT_WORDS * 4);
    this.#unused -= 1;
    return {
      index: new Uint32Array(memory, 0, points * SLOT_WORDS),
      body: new Uint8Array(memory, bodyAt, bodyBytes),
      side: new Uint8Array(memory, bodyAt + align(bodyBytes), sideBytes),
    };
  }
}

function align(bytes: number): number {
  return Math.ceil(bytes / 4096) * 4096;
}
