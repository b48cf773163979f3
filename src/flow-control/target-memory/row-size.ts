// What points weigh in a target's memory, which their text does not tell: a hundred flags are a line of 600 bytes and a
// row of 1,600.

/** CnosDB: a row's head, and a slot for each field of it (server contract §4.1: mem_cache/row_data.rs). */
const rowHead = 32;
const fieldSlot = 16;

/** Bytes that memcaches count for a byte of such a body; 1 at least: peaks were measured in bytes of text. */
export function rowsPerByte(points: number, values: number, bodyBytes: number): number {
  return Math.max(1, (rowHead * points + fieldSlot * values) / Math.max(1, bodyBytes));
}
