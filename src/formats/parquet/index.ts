// Registers Parquet as a format.

import type { FormatContext, InputHead } from '../types.js';

export const parquet = {
  name: 'parquet',
  title: 'Parquet',
  extensions: ['parquet'],
  randomAccess: true,
  memoryPool: 'rows',
  sniff: ({ text }: InputHead) => (/^PAR[1E]/.test(text) ? 'certain' : null),
  create: async ({ rows, budget, mode }: FormatContext) => {
    const { Parquet } = await import('./parquet.js');
    const memory = await rows();
    if (mode.parquetThread !== true) return new Parquet(memory, budget);
    const { ParquetThread } = await import('./worker/parquet-thread.js');
    return new Parquet(memory, budget, new ParquetThread(memory));
  },
} as const;
