/** A position in an input from which reading can resume. Every point before the position is loaded or rejected. */
export interface Position {
  /** Number of decoded bytes before the position. */
  readonly byteOffset: number;
  /** Number of the physical line, from 1. */
  readonly line: number;
  /**
   * Number of points of the load before the position, with rejects. A generated timestamp is the load's start plus this
   * number.
   */
  readonly ordinal: number;
  /** Number of decimal digits of the previous timestamp; 0 if unknown. */
  readonly digits: number;
}

export const INPUT_START: Position = { byteOffset: 0, line: 1, ordinal: 0, digits: 0 };

/** Decoded bytes [from, to) of an input. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/** A part of an input that begins at the start of a point or a rejected point. */
export interface InputPiece {
  readonly from: Position;
  /** Position of the first byte after the piece; null if the piece extends to the end of the input. */
  readonly to: Position | null;
}
