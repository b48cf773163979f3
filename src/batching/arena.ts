// All the memory that batches may ever use, taken once at the start. The bound is a product one can do in one's head:
// slots × slot bytes. Pages are touched on first use and slots are handed out last-in first-out, so a load that needs
// only two writers stays as small as two.

export interface SlotPlan {
  /** Largest request body, bytes. */
  readonly bodyBytes: number;
  /** Room for originals that are not in the body: rejected and rewritten points, bytes. */
  readonly sideBytes: number;
  /** Most points of one batch. */
  readonly points: number;
}

/** Words per point in `Slot.index`. */
export const SLOT_WORDS = 5;
/** Offset in `body` just past the point's LF. */
export const END = 0;
/** Offset + 1 of the original in `side`, or 0 when the body holds it. */
export const SIDE = 1;
/** Length of the original, bytes. */
export const ORIGINAL = 2;
/** Physical line, relative to the batch's first. */
export const LINE_DELTA = 3;
/** Decoded byte offset, relative to the batch's first. */
export const OFFSET_DELTA = 4;

export interface Slot {
  readonly body: Uint8Array;
  readonly side: Uint8Array;
  readonly index: Uint32Array;
}

/** Bytes of one slot. */
export function slotBytes(plan: SlotPlan): number {
  return align(plan.points * SLOT_WORDS * 4) + align(plan.bodyBytes) + align(plan.sideBytes);
}

export class Arena {
  readonly slots: number;
  readonly plan: SlotPlan;
  readonly #free: Slot[] = [];
  readonly #waiting: ((slot: Slot) => void)[] = [];

  constructor(slots: number, plan: SlotPlan) {
    this.slots = slots;
    this.plan = plan;
    const each = slotBytes(plan);
    const memory = new ArrayBuffer(slots * each);
    for (let number = slots - 1; number >= 0; number -= 1) {
      const at = number * each;
      const bodyAt = at + align(plan.points * SLOT_WORDS * 4);
      this.#free.push({
        index: new Uint32Array(memory, at, plan.points * SLOT_WORDS),
        body: new Uint8Array(memory, bodyAt, plan.bodyBytes),
        side: new Uint8Array(memory, bodyAt + align(plan.bodyBytes), plan.sideBytes),
      });
    }
  }

  /** Slots not handed out. */
  get free(): number {
    return this.#free.length;
  }

  /** Waits until a slot is free. Whoever takes one gives it back exactly once. */
  async take(signal: AbortSignal): Promise<Slot> {
    signal.throwIfAborted();
    const slot = this.#free.pop();
    if (slot !== undefined) return slot;
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
}

function align(bytes: number): number {
  return Math.ceil(bytes / 4096) * 4096;
}
