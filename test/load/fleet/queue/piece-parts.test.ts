import { expect, test, vi } from 'vitest';
import type { Settings } from '../../../../src/config/settings.js';
import type { Target, TargetColumn } from '../../../../src/core/types/index.js';
import { PieceParts } from '../../../../src/load/fleet/queue/piece-parts.js';

const never = new AbortController().signal;

test('pieces share one list of columns until one of them meets others, which it finds however it lists them', async () => {
  const shown: TargetColumn[] = [{ table: 'm', name: 'f', type: 'float' }];
  const asked: (string | undefined)[] = [];
  const columns = (_: AbortSignal, table?: string): Promise<TargetColumn[]> => {
    asked.push(table);
    return Promise.resolve([...shown]);
  };
  const parts = new PieceParts(() => Promise.resolve({ columns } as Target));
  const next = () => parts.target({} as Settings);
  await (await next()).columns(never);
  const second = await next();
  expect(await second.columns(never)).toHaveLength(1);
  expect(asked).toHaveLength(1);
  shown.push({ table: 'm', name: 'g', type: 'float' });
  // The list of all columns is what a batch with many new tables asks for.
  expect(await second.columns(never)).toHaveLength(2);
  expect(await second.columns(never, 'm')).toHaveLength(2);
  expect(await (await next()).columns(never)).toHaveLength(2);
  expect(await (await next()).columns(never)).toHaveLength(2);
  expect(asked).toEqual([undefined, undefined, 'm', undefined]);
});

test('the layout of the target is read once for all pieces', async () => {
  const layout = vi.fn(() => Promise.resolve({ nodes: 1, vnodesPerNode: 1, from: 'endpoints' as const }));
  const parts = new PieceParts(() => Promise.resolve({ layout } as Partial<Target> as Target));
  for (let piece = 0; piece < 3; piece += 1) await (await parts.target({} as Settings)).layout(never);
  expect(layout).toHaveBeenCalledOnce();
});

test('pieces share a target until one of them fails, and the next piece gets a new target', async () => {
  const close = vi.fn(() => Promise.resolve());
  const create = vi.fn(() => Promise.resolve({ close } as Partial<Target> as Target));
  const parts = new PieceParts(create);
  const end = async (isWhole: boolean) => {
    await parts.target({} as Settings);
    await parts.endPiece(isWhole, false);
    return [create.mock.calls.length, close.mock.calls.length];
  };
  expect([await end(true), await end(false), await end(true)]).toEqual([
    [1, 0],
    [1, 1],
    [2, 1],
  ]);
  await parts.close();
  expect(close).toHaveBeenCalledTimes(2);
});
