// The nouns that rooms hand each other, and the contracts of the two seams: ByteSource (where bytes come from)
// and Target (where batches go). Types and the few constants that give them meaning; no behaviour.

export type * from './batch.js';
export type * from './clock.js';
export type * from './input.js';
export * from './points.js';
export * from './position.js';
export type * from './shape.js';
export type * from './snapshot.js';
export * from './target.js';
