// CSV and TSV in the registry of formats.

import type { FormatContext, InputHead } from '../types.js';
import { sampleMemoryBytes } from './head/sample.js';

/** The beginning of the header of an InfluxDB 1 result. */
const influxQl = /^name,tags,time,/;
const annotation = /^"?#(datatype|group|default|constant|timezone|concat)\b/i;

async function create(name: 'csv' | 'tsv', { options, rows }: FormatContext) {
  const { Csv } = await import('./csv.js');
  return new Csv(name, await rows(), options);
}

export const csv = {
  name: 'csv',
  title: 'CSV',
  extensions: ['csv'],
  randomAccess: false,
  memoryPool: 'rows',
  ownBytes: sampleMemoryBytes,
  sniff: ({ text, firstLine }: InputHead) =>
    annotation.test(text) || influxQl.test(firstLine) || /^"?sep=."?$/.test(firstLine)
      ? 'certain'
      : /^[^\t=]*,[^\t=]*$/.test(firstLine)
        ? 'possible'
        : null,
  create: async (context: FormatContext) => await create('csv', context),
} as const;

export const tsv = {
  name: 'tsv',
  title: 'TSV',
  extensions: ['tsv', 'tab'],
  randomAccess: false,
  memoryPool: 'rows',
  ownBytes: sampleMemoryBytes,
  sniff: ({ firstLine }: InputHead) => (/^[^=]*\t[^=]*$/.test(firstLine) ? 'possible' : null),
  create: async (context: FormatContext) => await create('tsv', context),
} as const;
