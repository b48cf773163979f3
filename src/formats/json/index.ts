// Registers JSON and NDJSON as formats.

import type { FormatContext, FormatOptions, InputHead } from '../types.js';
import { isInfluxResponse, isOneObject, startsWithObject } from './json-sniff.js';

export const json = {
  name: 'json',
  title: 'JSON',
  extensions: ['json'],
  randomAccess: false,
  memoryPool: 'rows',
  isImplied: ({ jsonPath }: FormatOptions) => jsonPath !== null,
  sniff: ({ text, firstLine }: InputHead) =>
    /^\s*\[\s*(?:[[{\]]|$)/.test(text) || isInfluxResponse(text) || (startsWithObject(text) && !isOneObject(firstLine))
      ? 'certain'
      : null,
  create: async ({ options, rows }: FormatContext) => {
    const { Json } = await import('./json.js');
    return new Json(await rows(), options.jsonPath);
  },
} as const;

export const ndjson = {
  name: 'ndjson',
  title: 'NDJSON',
  extensions: ['ndjson', 'jsonl'],
  randomAccess: false,
  memoryPool: 'rows',
  sniff: ({ text, firstLine }: InputHead) => (startsWithObject(text) && isOneObject(firstLine) ? 'certain' : null),
  create: async ({ rows }: FormatContext) => {
    const { Ndjson } = await import('./ndjson.js');
    return new Ndjson(await rows());
  },
} as const;
