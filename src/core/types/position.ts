// Where in an input something is.

/** A place in an input from which reading can go on: all before it is accounted for. */
export interface Position {
  /** Decoded. */
  readonly byteOffset: number;
  /** Physical, from 1. */
  readonly line: number;
  /** Points of the load before it, rejects included: what stamps for missing timestamps are counted by. */
  readonly ordinal: number;
  /** Decimal digits of the timestamp before it; 0 when there is none, or it is not known. */
  readonly digits: number;
}

export const INPUT_START: Position = { byteOffset: 0, line: 1, ordinal: 0, digits: 0 };

/** Decoded bytes [from, to) of an input. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}
