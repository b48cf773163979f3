// Settings of the load, which TypeScript sets.

export let seed: u64 = 0;
export let timeLimit: u64 = 0;
export let maxPointBytes: usize = 0;
export let stampMissing: bool = false;
export let shapes: usize = 0;
export let shapesMask: u32 = 0;

/** Stores the settings of the load. TypeScript calls this function once. */
export function configure(
  seedValue: u64,
  limit: u64,
  maxBytes: u32,
  stamp: bool,
  shapeTable: u32,
  shapeSlots: u32,
): void {
  seed = seedValue;
  timeLimit = limit;
  maxPointBytes = maxBytes;
  stampMissing = stamp;
  shapes = shapeTable;
  shapesMask = shapeSlots - 1;
}
