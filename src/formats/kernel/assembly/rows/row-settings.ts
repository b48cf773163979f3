// Settings of the load and of the current input, which TypeScript sets.

export let maxPointBytes: usize = 0;
export let maxKeyBytes: usize = 0;
export let outEnd: usize = 0;
export let nullsEnd: usize = 0;
/** Largest timestamp in the precision of the load. */
export let timeLimit: u64 = 0;
/** Number of decimal places of a second in the precision of the load: 3 for milliseconds. */
export let timePlaces: u32 = 0;
/** True if whole numbers are times that already have the precision of the load. */
export let timeNumbers: bool = false;
/** True if times may be RFC 3339 dates. */
export let timeDates: bool = false;
/** True if a date without a UTC offset is in UTC. */
export let timeUtc: bool = false;

/** Indexes of the cells with the time and with the table's name; -1 without such a cell. */
export let timeColumn: i32 = -1;
export let nameColumn: i32 = -1;
/** Byte that is the decimal separator of numbers. */
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

/** Sets which cells contain the time and the table's name, and the decimal separator. */
export function map(time: i32, name: i32, decimalByte: u32): void {
  timeColumn = time;
  nameColumn = name;
  decimal = decimalByte;
}
