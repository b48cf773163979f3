// Settings of the load, and of the current mapping.

export let maxPointBytes: usize = 0;
export let maxKeyBytes: usize = 0;
export let outEnd: usize = 0;
export let nullsEnd: usize = 0;
/** Largest timestamp, and decimal places of a second, in the precision of the load. */
export let timeLimit: u64 = 0;
export let timePlaces: u32 = 0;
/** Forms of times that the kernel reads: whole numbers in the precision, dates. Other forms go to timestamps/time-cell.ts. */
export let timeNumbers: bool = false;
export let timeDates: bool = false;
/** True if dates without an offset are in UTC. */
export let timeUtc: bool = false;

/** Columns of the time and of the table's name; -1 without such a column. */
export let timeColumn: i32 = -1;
export let nameColumn: i32 = -1;
/** The decimal separator of numbers. */
export let decimal: u32 = 0;

/** Sets the settings of the load. */
export function configure(
  pointBytes: u32,
  keyBytes: u32,
  end: u32,
  nulls: u32,
  limit: u64,
  places: u32,
  numbers: bool,
  dates: bool,
  utc: bool,
): void {
  maxPointBytes = pointBytes;
  maxKeyBytes = keyBytes;
  outEnd = end;
  nullsEnd = nulls;
  timeLimit = limit;
  timePlaces = places;
  timeNumbers = numbers;
  timeDates = dates;
  timeUtc = utc;
}

/** Sets the mapping of the next rows. */
export function map(time: i32, name: i32, decimalByte: u32): void {
  timeColumn = time;
  nameColumn = name;
  decimal = decimalByte;
}
