// Blocks of an object that were read and may be looked at again soon: whether an input is the one it was is asked with
// every checkpoint, and must not cost a request each time.

import { copyBytes } from '../../core/bytes.js';
import type { ByteRange } from '../../core/types/index.js';

const blockBytes = 4 * 1024;
/** One block is kept of so many bytes. */
const everyBytes = 64 * 1024;
/** 1 MiB in all, which reaches 16 MiB back: as far as batches may be in flight. */
const most = 256;

interface Block {
  readonly from: number;
  readonly bytes: Uint8Array;
  length: number;
}

export class BlockCache {
  readonly #blocks: Block[] = [];

  /** `bytes` were read at `at`; what is read goes upwards. */
  add(at: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      const inside = (at + done) % everyBytes;
      const left = bytes.length - done;
      if (inside >= blockBytes) {
        done += Math.min(left, everyBytes - inside);
        continue;
      }
      const part = bytes.subarray(done, done + Math.min(left, blockBytes - inside));
      this.#keep(at + done, inside, part);
      done += part.length;
    }
  }

  #keep(at: number, inside: number, part: Uint8Array): void {
    if (inside === 0) {
      const spare = this.#blocks.length === most ? this.#blocks.shift() : undefined;
      this.#blocks.push({ from: at, bytes: spare?.bytes ?? new Uint8Array(blockBytes), length: 0 });
    }
    const block = this.#blocks.at(-1);
    // Reading began in the middle of it.
    if (block === undefined || block.from + block.length !== at) return;
    copyBytes(part, 0, part.length, block.bytes, inside);
    block.length += part.length;
  }

  /** The last whole block that ends at `to` or less than 64 KiB before. */
  before(to: number): ByteRange | null {
    const block = this.#blocks.findLast(({ from, length }) => length === blockBytes && from + length <= to);
    if (block === undefined || block.from + everyBytes + blockBytes <= to) return null;
    return { from: block.from, to: block.from + blockBytes };
  }

  /** Null: not kept. A copy. */
  bytes(from: number, to: number): Uint8Array | null {
    const block = this.#blocks.find((each) => each.from <= from && to <= each.from + each.length);
    return block === undefined ? null : block.bytes.slice(from - block.from, to - block.from);
  }
}
