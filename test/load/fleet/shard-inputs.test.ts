// A shard reads the inputs that planning has read, and no others.

import { expect, test } from 'vitest';
import { type ByteSource, INPUT_START, type Input } from '../../../src/core/types/index.js';
import { contentHash } from '../../../src/fleet/content-hash.js';
import type { PlannedInput } from '../../../src/fleet/plan-file.js';
import { shardInputs } from '../../../src/load/fleet/shard-inputs.js';
import { bytesSource } from '../../formats/support.js';

const never = new AbortController().signal;
const fileOf = (text: string): Partial<ByteSource> => ({
  file: { size: text.length, version: 'v', bytes: async (from, to) => Buffer.from(text).subarray(from, to) },
});

/** Opens the one piece of an input with this content, which had other content when it was planned. */
async function opened(planned: Partial<ByteSource>, found: Partial<ByteSource>) {
  let closed = 0;
  const source = (own: Partial<ByteSource>): ByteSource => ({
    ...bytesSource(Buffer.from('m f=1\n')),
    close: async () => {
      closed += 1;
    },
    ...own,
  });
  const hash = await contentHash(source(planned));
  const input: PlannedInput = { name: 'a.lp', path: '/a.lp', folders: [], size: 6, hash, error: null, pieces: [] };
  const whole = { open: () => Promise.resolve(source(found)) } as unknown as Input;
  const piece = { from: INPUT_START, to: null, bytes: 6, points: null };
  const [part] = shardInputs([{ input, piece }], () => whole);
  expect(part).toMatchObject({ name: 'a.lp', path: '/a.lp#0-1', size: 6, piece: { from: INPUT_START, to: null } });
  const message = await part!.open(never, undefined as never).then(
    () => null,
    ({ message: text }: Error) => text,
  );
  return { message, closed };
}

test('an input with unchanged content is opened', async () => {
  expect(await opened(fileOf('m f=1\n'), fileOf('m f=1\n'))).toEqual({ message: null, closed: 0 });
  expect(await opened({ version: 'one' }, { version: 'one' })).toEqual({ message: null, closed: 0 });
});

test('an input without a known version or size is not compared', async () => {
  expect(await opened({}, fileOf('m f=2\n'))).toEqual({ message: null, closed: 0 });
});

test.each([
  [
    'of another size',
    fileOf('m f=1\n'),
    fileOf('m f=1\nm f=2\n'),
    'the content of the input when the load was planned (6 bytes), found 12 bytes',
  ],
  [
    'with other content',
    fileOf('m f=1\n'),
    fileOf('m f=2\n'),
    'the content of the input when the load was planned (6 bytes), found other content',
  ],
  [
    'of another version',
    { version: 'one' },
    { version: 'two' },
    'the version of the input when the load was planned, found other content',
  ],
])('an input %s is refused and closed', async (_, planned, found, expected) => {
  const { message, closed } = await opened(planned, found);
  expect(message).toContain(`reading a.lp: expected ${expected}. Restore the earlier file, or plan the load again`);
  expect(closed).toBe(1);
});
