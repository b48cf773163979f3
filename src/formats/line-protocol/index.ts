// Line protocol in the registry of formats.

import type { FormatContext, InputHead } from '../types.js';
import { lineOptions } from './lines-layout.js';

/** The beginning of a point: measurement, tags, and the key of the first field. */
const point = /^(?:\\.|[^, \\])+(?:,(?:\\.|[^,= \\])+=(?:\\.|[^, \\])+)* +(?:\\.|[^,= \\])+=/;

export const lineProtocol = {
  name: 'lp',
  title: 'line protocol',
  extensions: ['lp'],
  randomAccess: false,
  memoryPool: 'lines',
  sniff: ({ firstLine }: InputHead) =>
    point.test(firstLine) ? 'certain' : firstLine.includes('=') ? 'possible' : null,
  create: async ({ options, mode }: FormatContext) => {
    const { LineProtocol } = await import('./line-format.js');
    return new LineProtocol(lineOptions(options, mode));
  },
} as const;
