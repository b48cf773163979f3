// The public surface. No room imports it.

export * from './errors.js';
export type { Snapshot, Summary } from './model.js';
