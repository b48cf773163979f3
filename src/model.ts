// The nouns that rooms hand each other, and the contracts of the two seams: ByteSource (where bytes come from)
// and Target (where batches go). Types and the few constants that give them meaning; no behaviour.

export type * from './model/batch.js';
export type * from './model/clock.js';
export type * from './model/input.js';
export * from './model/place.js';
export * from './model/points.js';
export type * from './model/shape.js';
export type * from './model/shown.js';
export * from './model/target.js';
