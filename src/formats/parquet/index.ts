// Parquet in the registry of formats.

import type { FormatContext, InputHead } from '../types.js';

export const parquet = {
  name: 'parquet',
  title: 'Parquet',
  extensions: ['parquet'],
  randomAccess: true,
  memoryPool: 'rows',
  sniff: ({ text }: InputHead) => (/^PAR[1E]/.test(text) ? 'certain' : null),
  create: async ({ rows, budget }: FormatContext) => {
    const { Parquet } = await import('./parquet.js');
    return new Parquet(await rows(), budget);
  },
} as const;
