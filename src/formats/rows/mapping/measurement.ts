// Finds the column that --measurement names, and escapes measurement names for line protocol.

import { putMeasurement } from '../values/put-value.js';

/** Returns the column name in text such as `{column}`; null for text without braces. */
export function measurementColumn(measurement: string | null): string | null {
  return /^\{(.+)\}$/s.exec(measurement ?? '')?.[1] ?? null;
}

/**
 * Escapes a measurement name. Returns null if the target rejects the name, or if the name begins with `#`: a line that
 * begins with `#` is a comment.
 * @param slashes true if the target accepts a slash in the name
 */
export function measurementPrefix(name: Uint8Array, slashes: boolean): Uint8Array | null {
  if (name[0] === 0x23) return null;
  const bytes = new Uint8Array(3 * name.length);
  bytes.set(name, 2 * name.length);
  const end = name.length === 0 ? -1 : putMeasurement(bytes, 2 * name.length, 3 * name.length, 0, slashes);
  return end < 0 ? null : bytes.slice(0, end);
}
