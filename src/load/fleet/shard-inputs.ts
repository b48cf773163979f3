// Creates one input for each piece of a shard.

import { InputError } from '../../core/errors.js';
import type { ByteSource, Input } from '../../core/types/index.js';
import { contentHash } from '../../fleet/content-hash.js';
import type { PlannedInput } from '../../fleet/plan-file.js';
import type { ShardPiece } from '../../fleet/shards.js';

/**
 * Creates one input for each piece.
 * @param whole returns the input that contains the piece
 */
export function shardInputs(pieces: readonly ShardPiece[], whole: (input: PlannedInput) => Input): Input[] {
  return pieces.map(({ input, piece: { from, to, bytes } }) => {
    const all = whole(input);
    return {
      name: input.name,
      path: `${input.path}#${from.byteOffset}-${from.line}`,
      size: bytes,
      folderColumns: input.folders,
      piece: { from, to },
      open: async (signal, room) => {
        const source = await all.open(signal, room);
        await assertUnchanged(source, input).catch(async (error: unknown) => {
          await source.close();
          throw error;
        });
        return source;
      },
    };
  });
}

/** Throws InputError if the content of an input has changed since planning. */
async function assertUnchanged(source: ByteSource, { name, size, hash }: PlannedInput): Promise<void> {
  const { file, version = null } = source;
  if (hash === null || (await contentHash(source)) === hash) return;
  throw new InputError({
    tried: `reading ${name}`,
    expected:
      version === null
        ? `the content of the input when the load was planned (${size} bytes)`
        : 'the version of the input when the load was planned',
    found: file === undefined || file.size === size ? 'other content' : `${file.size} bytes`,
    fix: 'restore the earlier file, or plan the load again',
  });
}
