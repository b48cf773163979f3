// The measurement of rows: finds the column that --measurement names, and escapes a measurement for line protocol.

import { putMeasurement } from '../values/put-value.js';

/** Returns the name inside `{column}`; null for other text. */
export function measurementColumn(measurement: string | null): string | null {
  return /^\{(.+)\}$/s.exec(measurement ?? '')?.[1] ?? null;
}

/**
 * Escapes a measurement. Returns null if the target does not accept the name, or would read its points as comments.
 * @param slashes true if the target accepts a slash
 */
export function measurementPrefix(name: Uint8Array, slashes: boolean): Uint8Array | null {
  if (name[0] === 0x23) return null;
  const bytes = new Uint8Array(3 * name.length);
  bytes.set(name, 2 * name.length);
  const end = name.length === 0 ? -1 : putMeasurement(bytes, 2 * name.length, 3 * name.length, 0, slashes);
  return end < 0 ? null : bytes.slice(0, end);
}
