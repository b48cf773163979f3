// All input formats, in the order of detection. An input in an unknown format is read as line protocol, the last
// format.

import { csv, tsv } from './csv/index.js';
import { json, ndjson } from './json/index.js';
import { lineProtocol } from './line-protocol/index.js';
import { parquet } from './parquet/index.js';
import type { FormatDescriptor } from './types.js';

export const formats = [parquet, csv, tsv, json, ndjson, lineProtocol] as const satisfies readonly FormatDescriptor[];

export type FormatName = (typeof formats)[number]['name'];

/** Returns the descriptor of a format. Throws RangeError for an unknown name. */
export function formatNamed(name: string): FormatDescriptor {
  const found = formats.find((each) => each.name === name);
  if (found === undefined) throw new RangeError(`unknown format ${name}`);
  return found;
}
