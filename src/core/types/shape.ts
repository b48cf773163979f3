// What a point has: names and types, and what the target knows of them.

export type ColumnType = 'tag' | 'float' | 'integer' | 'unsigned' | 'boolean' | 'string';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
}

/** What a point looks like: its table, and its columns without `time`. Names are unescaped. */
export interface Shape {
  readonly table: string;
  readonly columns: readonly Column[];
}

/**
 * What the catalogue says of a shape. `known`: the target has every column with that type. `introduces`: it lacks some,
 * so the batch that brings them must travel alone. `conflict`: a column is there with another type.
 */
export type ShapeMatch =
  | { readonly kind: 'known' | 'introduces' }
  | { readonly kind: 'conflict'; readonly reason: string; readonly message: string };

/** The shapes that one batch introduces; they must agree among themselves, since they travel in one request. */
export interface Introduction {
  readonly shapes: readonly Shape[];
  /** False, and nothing added, when the shape contradicts one already here. */
  add(shape: Shape): boolean;
}
