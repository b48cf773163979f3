// Dead letters of a piece on their way to the coordinator.

import { createHash } from 'node:crypto';
import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { Summary } from '../../../../src/core/types/index.js';
import { collectLetters } from '../../../../src/load/fleet/queue/piece-letters.js';
import { folder } from '../../ledger/support.js';

async function written(files: Readonly<Record<string, string | Uint8Array>>) {
  const state = await folder();
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(state, name)), { recursive: true });
    await writeFile(join(state, name), content);
  }
  const [reasons, ...deadLetters] = Object.keys(files).map((name) => join(state, name));
  const summary = { rejects: { byReason: {}, deadLetters, reasons } } as unknown as Summary;
  return { state, summary, letters: () => collectLetters(summary, state) };
}

const stem = '0123456789ab.rejected-2026';

test('a piece without dead letters sends none', async () => {
  const rejects = { byReason: {}, deadLetters: null, reasons: null };
  expect(await collectLetters({ rejects } as unknown as Summary, '/none')).toBeNull();
  expect(await collectLetters({ rejects: { ...rejects, reasons: '/x' } } as unknown as Summary, '/none')).toBeNull();
  expect(
    await collectLetters({ rejects: { ...rejects, deadLetters: ['/x'] } } as unknown as Summary, '/none'),
  ).toBeNull();
});

test('each file is sent with its suffix and folder, and with the length of its mark and header', async () => {
  const header = '\ufefft,f\n';
  const hash = createHash('sha256').update('t,f\n').digest('hex').slice(0, 8);
  const { letters } = await written({
    [`${stem}.ndjson`]: '{}\n',
    [`host=a/${stem}.${hash}.csv`]: `${header}a,x\n`,
    [`${stem}.${hash}.csv`]: 't,f\nb,x\n',
    [`${stem}.00000000.csv`]: 't,g\nc,x\n',
    [`${stem}.lp`]: '\ufeffm f=x\n',
  });
  const found = (await letters())!;
  expect([found.keptIn, found.bytes]).toEqual([null, 3 + 11 + 8 + 8 + 9]);
  expect(
    found.files!.map(({ suffix, headBytes, gzip }) => [
      suffix,
      headBytes,
      gunzipSync(Buffer.from(gzip, 'base64')).toString(),
    ]),
  ).toEqual([
    [`host=a/.${hash}.csv`, 7, `${header}a,x\n`],
    [`.${hash}.csv`, 4, 't,f\nb,x\n'],
    ['.00000000.csv', 0, 't,g\nc,x\n'],
    ['.lp', 3, '\ufeffm f=x\n'],
    ['.ndjson', 0, '{}\n'],
  ]);
});

test('a header that ends its file is found', async () => {
  const hash = createHash('sha256').update('t,f\nu\n').digest('hex').slice(0, 8);
  const { letters } = await written({ [`${stem}.ndjson`]: '', [`${stem}.${hash}.csv`]: 't,f\nu\n' });
  expect((await letters())!.files![0]).toMatchObject({ headBytes: 6 });
});

test('files of more than 8 MiB, and of more than 1 MiB after compression, stay where they are', async () => {
  const { state, letters } = await written({ [`${stem}.ndjson`]: '', [`${stem}.lp`]: '' });
  await truncate(join(state, `${stem}.lp`), 8 * 2 ** 20);
  expect(await letters()).toMatchObject({ keptIn: null, bytes: 8 * 2 ** 20 });
  await truncate(join(state, `${stem}.lp`), 8 * 2 ** 20 + 1);
  expect(await letters()).toEqual({ files: null, keptIn: state, bytes: 8 * 2 ** 20 + 1 });
  let seed = 1;
  const noise = Uint8Array.from({ length: 1_100_000 }, () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed >>> 24;
  });
  const other = await written({ [`${stem}.ndjson`]: '', [`${stem}.lp`]: noise });
  expect(await other.letters()).toEqual({ files: null, keptIn: other.state, bytes: 1_100_000 });
});
