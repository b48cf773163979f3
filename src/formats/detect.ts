// What the first bytes of an input say about its format, and, where they leave it open, its name.

import type { FormatName } from '../core/types/index.js';

/** As many bytes are looked at, or the first line. */
export const headBytes = 64 * 1024;

const annotation = /^"?#(datatype|group|default|constant|timezone|concat)\b/i;
/** Measurement, tags, and the key of a field. */
const point = /^(?:\\.|[^, \\])+(?:,(?:\\.|[^,= \\])+=(?:\\.|[^, \\])+)* +(?:\\.|[^,= \\])+=/;
const endings: Readonly<Record<string, FormatName>> = {
  lp: 'lp',
  csv: 'csv',
  tsv: 'tsv',
  tab: 'tsv',
  ndjson: 'ndjson',
  jsonl: 'ndjson',
  json: 'json',
  parquet: 'parquet',
};

/** The format of an input that begins with `head`, its first line or more. */
export function detect(head: Uint8Array, name: string): FormatName {
  const text = Buffer.from(head.buffer, head.byteOffset, head.length)
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '');
  return byContent(text) ?? byName(name) ?? byDelimiter(firstLine(text));
}

function byContent(text: string): FormatName | null {
  if (text.startsWith('PAR1') || text.startsWith('PARE')) return 'parquet';
  if (annotation.test(text)) return 'csv';
  if (/^\s*\[\s*(?:[{\]]|$)/.test(text)) return 'json';
  // Objects on lines of their own, but for those that go over several.
  if (/^\s*\{\s*(?:["}]|$)/.test(text)) return isWhole(firstLine(text)) ? 'ndjson' : 'json';
  return point.test(firstLine(text)) ? 'lp' : null;
}

function byName(name: string): FormatName | null {
  const ending = /\.([a-z]+)(?:\.(?:gz|zst|zstd))?$/i.exec(name)?.[1]?.toLowerCase() ?? '';
  return endings[ending] ?? null;
}

/** A line that ends as an object does, or is too long to be seen whole. */
function isWhole(line: string): boolean {
  return line.trimEnd().endsWith('}') || line.length >= headBytes / 2;
}

/** Line protocol, good or bad, has an equals sign in every line. */
function byDelimiter(line: string): FormatName {
  if (line.includes('=')) return 'lp';
  if (line.includes('\t')) return 'tsv';
  return line.includes(',') ? 'csv' : 'lp';
}

/** The first that is neither blank nor a comment. */
function firstLine(text: string): string {
  return /^[ \r]*([^\s#].*)$/m.exec(text)?.[1] ?? '';
}
