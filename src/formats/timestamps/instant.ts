// Stores a date and time of day as numbers, and converts dates to days, without a `Date` and without allocating memory.

/** A date and time as the text shows it. The object is mutable, so that one object serves all rows. */
export class Instant {
  /** Seconds since 1970, as if the shown time were UTC. */
  seconds = 0;
  /** Nanoseconds within the second, 0 to 999,999,999. */
  nanos = 0;
  /** True if the text had a digit other than 0 after the ninth decimal place. */
  inexact = false;
  /** UTC offset in the text, seconds, positive east of Greenwich; null if the text shows no offset. */
  offset: number | null = null;
}

const monthDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Returns how many days a date of the proleptic Gregorian calendar is after 1970-01-01; null for an invalid date. */
export function days(year: number, month: number, day: number): number | null {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const most = month === 2 && leap ? 29 : (monthDays[month - 1] ?? 0);
  if (day < 1 || day > most) return null;
  // Algorithm days_from_civil by Howard Hinnant. Years begin in March, so that a leap day is the last day of a year.
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}
