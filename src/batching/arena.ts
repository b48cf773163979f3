// Memory of all batches. A slot is the memory of one batch, and all slots have the same size. A slot is allocated on
// first use, and the slot freed last is reused first. So a load with two batches at a time allocates only two slots.
// This saves a small load 15 ms, because V8 collects all garbage when many megabytes are allocated.

export interface SlotPlan {
  /** Largest request body, bytes. */
  readonly bodyBytes: number;
  /** Size of `Slot.side`, which stores the original input of rejected and rewritten points, bytes. */
  readonly sideBytes: number;
  /** Largest number of points in a batch. */
  readonly points: number;
}

/** Number of 32-bit words per point in `Slot.index`. */
export const SLOT_WORDS = 5;
/** Word 0 of a point in `Slot.index`: offset in `Slot.body` after the point's LF. */
export const END = 0;
/** Word 1: 1 plus the offset of the point's original input in `Slot.side`; 0 if this input is in `Slot.body`. */
export const SIDE = 1;
/** Word 2: length of the point's original input, bytes. */
export const ORIGINAL = 2;
/** Word 3: line number of the point in the input, minus the line number of the first point or reject of the batch. */
export const LINE_DELTA = 3;
/** Word 4: offset of the point in the decoded input, minus the offset of the first point or reject of the batch. */
export const OFFSET_DELTA = 4;

export interface Slot {
  readonly body: Uint8Array;
  readonly side: Uint8Array;
  readonly index: Uint32Array;
}

/** Returns the size of one slot in bytes. Each of its three parts is rounded up to 4 KiB. */
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

  /** Waits for a free slot and returns it. The caller must return each slot with `give` exactly once. */
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
