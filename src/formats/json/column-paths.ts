// Names of the columns of one object, nested ones by their path.

import { mostDepth } from './object-reader.js';

/** Null when the text is no JSON object, or one that is nested deeper than a row may be. */
export function pathsOf(text: Uint8Array): string[] | null {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(text.buffer, text.byteOffset, text.length).toString());
  } catch {
    return null;
  }
  return isObject(value) && !Array.isArray(value) ? paths(value, '', mostDepth) : null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** @param levels how much deeper it may be nested */
function paths(value: Record<string, unknown>, before: string, levels: number): string[] | null {
  if (levels < 0) return null;
  const found: string[] = [];
  for (const [key, member] of Object.entries(value)) {
    const below = isObject(member) ? paths(member, `${before}${key}.`, levels - 1) : [`${before}${key}`];
    if (below === null) return null;
    for (const each of below) found.push(each);
  }
  return found;
}
