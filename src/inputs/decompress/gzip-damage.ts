// Recovers data that Node's decoder drops when it finds damage: the output of the failed call, and earlier output that
// was not read yet. Decodes the gzip member a second time from the file. Decodes the chunk with the damage byte by
// byte, so that the decoder delivers all output before the damage.

import { setImmediate as turn } from 'node:timers/promises';
import { createInflateRaw, type InflateRaw } from 'node:zlib';
import type { FileBytes } from '../../core/types/index.js';

const chunkBytes = 64 * 1024;

/** Offsets in the file that describe where decoding failed. */
export interface DamagedMember {
  /** Offset of the first byte of the member's deflate data. */
  readonly from: number;
  /** The decoder failed on the chunk with the bytes [`chunk`, `end`) of the file. */
  readonly chunk: number;
  readonly end: number;
  /** Number of decoded bytes of the member that earlier reads returned. */
  readonly returned: number;
}

/** Yields the decoded bytes of the member that precede the damage and were not returned yet. */
export async function* decodedBeforeDamage(
  file: FileBytes,
  { from, chunk, end, returned }: DamagedMember,
): AsyncGenerator<Uint8Array, void> {
  const inflate = createInflateRaw();
  const pieces: Uint8Array[] = [];
  let skip = returned;
  inflate.on('error', () => {}); // `write` rejects with this error
  inflate.on('data', (piece: Uint8Array) => {
    if (piece.length > skip) pieces.push(piece.subarray(skip));
    skip -= Math.min(skip, piece.length);
  });
  try {
    for (let at = from; at < end; ) {
      const bytes = await file.bytes(at, at < chunk ? Math.min(chunk, at + chunkBytes) : end);
      if (bytes.length === 0) return;
      const step = at < chunk ? bytes.length : 1;
      for (let i = 0; i < bytes.length; i += step) {
        await writeTo(inflate, bytes.subarray(i, i + step));
        yield* pieces.splice(0);
      }
      at += bytes.length;
    }
  } catch {
    // Decoding failed at the damage again, as expected. All bytes before the damage have been yielded.
  } finally {
    inflate.destroy();
  }
}

/** Writes to a decoder; resolves once the decoder's output has been delivered. Rejects for damaged data. */
async function writeTo(inflate: InflateRaw, bytes: Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    inflate.once('error', reject);
    inflate.write(bytes, (error) => {
      inflate.removeListener('error', reject);
      if (error) reject(error);
      else resolve();
    });
  });
  await turn();
}
