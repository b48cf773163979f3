// The types that the folders of src share, and the two main contracts: ByteSource, where bytes come from, and Target,
// where batches go.

export type * from './batch.js';
export type * from './clock.js';
export type * from './fleet.js';
export type * from './input.js';
export * from './points.js';
export * from './position.js';
export type * from './run-report.js';
export type * from './shape.js';
export * from './target.js';
