// A shape is the table of a point with the names and types of the point's columns. A `ShapeMatch` compares a shape with
// the target's columns.

export type ColumnType = 'tag' | 'float' | 'integer' | 'unsigned' | 'boolean' | 'string';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
}

/** The table and the columns of a point, without `time`. Names are unescaped. */
export interface Shape {
  readonly table: string;
  readonly columns: readonly Column[];
}

/**
 * Comparison of a `Shape` with the target's known columns. `known`: the target has all columns with these types.
 * `introduces`: the target lacks some columns, so the batch is sent alone. `conflict`: a column has another type.
 */
export type ShapeMatch =
  | { readonly kind: 'known' | 'introduces' }
  | { readonly kind: 'conflict'; readonly reason: string; readonly message: string };

/** The `Shape`s that one batch introduces, one for each table. */
export interface Introduction {
  readonly shapes: readonly Shape[];
  /** Adds a shape. Returns false and adds nothing if the batch already introduces other columns of the same table. */
  add(shape: Shape): boolean;
}
