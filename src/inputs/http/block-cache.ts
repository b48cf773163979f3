// Caches recent blocks of a remote object. Each checkpoint hashes a recent block to identify the input, so the cache
// saves one request per checkpoint.

import { copyBytes } from '../../core/io/byte-source.js';
import type { ByteRange } from '../../core/types/index.js';

const blockBytes = 4 * 1024;
/** Distance between the starts of two cached blocks, bytes. */
const spacingBytes = 64 * 1024;
/**
 * Largest number of cached blocks. With a block for each 64 KiB, they cover the last 16 MiB that were read. The start
 * of every batch in flight lies in these 16 MiB.
 */
const maxBlocks = 256;

interface Block {
  readonly from: number;
  readonly bytes: Uint8Array;
  length: number;
}

export class BlockCache {
  readonly #blocks: Block[] = [];

  /** Adds bytes that were read at offset `at`. Each call must have a higher offset than the call before. */
  add(at: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      const inside = (at + done) % spacingBytes;
      const left = bytes.length - done;
      if (inside >= blockBytes) {
        done += Math.min(left, spacingBytes - inside);
        continue;
      }
      const part = bytes.subarray(done, done + Math.min(left, blockBytes - inside));
      this.#append(at + done, inside, part);
      done += part.length;
    }
  }

  #append(at: number, inside: number, part: Uint8Array): void {
    if (inside === 0) {
      const spare = this.#blocks.length === maxBlocks ? this.#blocks.shift() : undefined;
      this.#blocks.push({ from: at, bytes: spare?.bytes ?? new Uint8Array(blockBytes), length: 0 });
    }
    const block = this.#blocks.at(-1);
    // Reading began in the middle of a block. The cache ignores the rest of this block, because it stores only whole
    // blocks.
    if (block === undefined || block.from + block.length !== at) return;
    copyBytes(part, 0, part.length, block.bytes, inside);
    block.length += part.length;
  }

  /** Returns the last complete block that ends at `to` or less than 64 KiB before `to`; null without such a block. */
  before(to: number): ByteRange | null {
    const block = this.#blocks.findLast(({ from, length }) => length === blockBytes && from + length <= to);
    if (block === undefined || block.from + spacingBytes + blockBytes <= to) return null;
    return { from: block.from, to: block.from + blockBytes };
  }

  /** Returns a copy of bytes [from, to); null if these bytes are not cached. */
  bytes(from: number, to: number): Uint8Array | null {
    const block = this.#blocks.find((each) => each.from <= from && to <= each.from + each.length);
    return block === undefined ? null : block.bytes.slice(from - block.from, to - block.from);
  }
}
