// A date and time of day as numbers, computed without Date and without allocation.

/** A reading of a clock. The object is mutable, so that one object serves all rows. */
export class Instant {
  /** Seconds since 1970 by the clock. */
  seconds = 0;
  /** 0 to 999,999,999. */
  nanos = 0;
  /** True if the text had digits beyond nanoseconds other than 0. */
  inexact = false;
  /** Seconds by which the clock is ahead of UTC; null without an offset. */
  offset: number | null = null;
}

const monthDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Returns the days since 1970 of a date in the proleptic Gregorian calendar; null for an invalid date. */
export function days(year: number, month: number, day: number): number | null {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const most = month === 2 && leap ? 29 : (monthDays[month - 1] ?? 0);
  if (day < 1 || day > most) return null;
  // The algorithm days_from_civil of Howard Hinnant. Years begin in March, so that the leap day is their last day.
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}
