// What holds for all rows of a load, and for those of one mapping.

export let maxPointBytes: usize = 0;
export let maxKeyBytes: usize = 0;
export let outEnd: usize = 0;
export let nullsEnd: usize = 0;
/** Largest timestamp, and decimal places of a second, in the precision of the load. */
export let timeLimit: u64 = 0;
export let timePlaces: u32 = 0;
/** How times are written: as whole numbers of the precision, as dates; neither: only ../../../time knows. */
export let timeNumbers: bool = false;
export let timeDates: bool = false;
/** Whether a date without an offset is in UTC. */
export let timeUtc: bool = false;

/** Numbers of the columns with the time and with the table's name; -1 for none. */
export let timeColumn: i32 = -1;
export let nameColumn: i32 = -1;

/** To be called once. */
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

/** The mapping of the rows that come next. */
export function map(time: i32, name: i32): void {
  timeColumn = time;
  nameColumn = name;
}
