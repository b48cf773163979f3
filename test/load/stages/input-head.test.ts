import { expect, test } from 'vitest';
import { resolve } from '../../../src/config/resolve.js';
import type { ByteSource } from '../../../src/core/types/index.js';
import { FormatSet } from '../../../src/formats/format-set.js';
import { options } from '../../../src/load/option-table.js';
import { headBytes, parseHead } from '../../../src/load/stages/input-head.js';

test('the end of an input is not looked for in the bytes of earlier reads', async () => {
  const { settings } = await resolve(options, { flags: { db: 'db', maxPointBytes: '4MiB' }, env: {} });
  let given = 0;
  const source: ByteSource = {
    ...{ compression: 'none', bytesRead: 0, close: () => Promise.resolve() },
    read: (into) => {
      const read = given < headBytes ? into.length : 0;
      // One line without an end, in a buffer with line ends behind what was read.
      into.fill('x'.charCodeAt(0), 0, read).fill(10, read);
      given += read;
      return Promise.resolve(read);
    },
  };
  const head = await parseHead(
    { name: 'a.lp', path: null, size: null, open: () => Promise.resolve(source) },
    {
      ...{ formats: new FormatSet(settings), options: settings, match: null },
      signal: new AbortController().signal,
    },
  );
  expect([head.bytes, head.whole]).toEqual([given, true]);
});
