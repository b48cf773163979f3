// JSON and NDJSON in the registry of formats.

import type { FormatContext, FormatOptions, InputHead } from '../types.js';
import { firstValueEnd } from './json-splitter.js';

/** A line of this length may be cut off by the end of the bytes that detection reads. */
const longLine = 32 * 1024;
const object = /^\s*\{\s*(?:["}]|$)/;

/** Tells whether a line is one object, or may be the start of a long one. */
function isOneObject(line: string): boolean {
  const end = firstValueEnd(line);
  return line.slice(end).trim() === '' && (line.trimEnd().endsWith('}') || line.length >= longLine);
}

export const json = {
  name: 'json',
  title: 'JSON',
  extensions: ['json'],
  randomAccess: false,
  memoryPool: 'rows',
  isImplied: ({ jsonPath }: FormatOptions) => jsonPath !== null,
  sniff: ({ text, firstLine }: InputHead) =>
    /^\s*\[\s*(?:[{\]]|$)/.test(text) || (object.test(text) && !isOneObject(firstLine)) ? 'certain' : null,
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
  sniff: ({ text, firstLine }: InputHead) => (object.test(text) && isOneObject(firstLine) ? 'certain' : null),
  create: async ({ rows }: FormatContext) => {
    const { Ndjson } = await import('./ndjson.js');
    return new Ndjson(await rows());
  },
} as const;
