// Converts the times of a Parquet file from their unit to the precision of the load, and to RFC 3339.

import type { InputPrecision } from '../../../core/types/index.js';
import { unitDecimals } from '../../../core/units.js';
import type { Zone } from '../../timestamps/zone.js';

const DAY = 86_400n;
/** First and last second that RFC 3339 can express: years 0000 to 9999. */
const firstSecond = -62_167_219_200n;
const lastSecond = 253_402_300_799n;

/** A time as whole seconds since 1970 and a fraction of a second. The fraction is never negative. */
export interface Moment {
  readonly seconds: bigint;
  /** Part of a second, in units of 10^-scale seconds: 0.25 s is 250 with scale 3. */
  readonly fraction: bigint;
  readonly scale: number;
}

/** Splits a time into seconds and a fraction. `value` counts units of 10^-scale seconds: ms for scale 3. */
export function momentOf(value: bigint, scale: number): Moment {
  const unit = 10n ** BigInt(scale);
  const fraction = ((value % unit) + unit) % unit;
  return { seconds: (value - fraction) / unit, fraction, scale };
}

/** Returns the time at which a day starts. `days` counts from 1970-01-01. */
export function dateMoment(days: bigint): Moment {
  return { seconds: days * DAY, fraction: 0n, scale: 0 };
}

/** Converts an INT96 timestamp: the number of a Julian day, and nanoseconds since the start of this day. */
export function int96Moment(days: number, nanos: bigint): Moment {
  return momentOf((BigInt(days) - 2_440_588n) * DAY * 1_000_000_000n + nanos, 9);
}

/** Converts local time to UTC. Returns null if `ambiguity` is `reject` and a clock change repeats or skips the time. */
export function inZone(moment: Moment, zone: Zone, ambiguity: Parameters<Zone>[1]): Moment | null {
  const seconds = zone(Number(moment.seconds), ambiguity);
  return seconds === null ? null : { ...moment, seconds: BigInt(seconds) };
}

/** Returns the time as a number in the precision of the load, with decimal places if this precision is too coarse. */
export function inUnit({ seconds, fraction, scale }: Moment, precision: InputPrecision): string {
  const digits = unitDecimals[precision];
  const value = seconds * 10n ** BigInt(scale) + fraction;
  if (digits >= scale) return (value * 10n ** BigInt(digits - scale)).toString();
  const unit = 10n ** BigInt(scale - digits);
  const rest = (value < 0n ? -value : value) % unit;
  if (rest === 0n) return (value / unit).toString();
  const whole = (value < 0n ? -value : value) / unit;
  return `${value < 0n ? '-' : ''}${whole}.${rest.toString().padStart(scale - digits, '0')}`;
}

/** Formats the time as RFC 3339, with a final `Z` if `utc` is true. Returns null for a year before 0 or after 9999. */
export function rfc3339Text({ seconds, fraction, scale }: Moment, utc: boolean): string | null {
  if (seconds < firstSecond || seconds > lastSecond) return null;
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  const part = scale === 0 ? '' : `.${fraction.toString().padStart(scale, '0')}`;
  return `${whole}${part}${utc ? 'Z' : ''}`;
}

/** Formats a time of day. `value` counts units of 10^-scale seconds since midnight. */
export function timeOfDay(value: bigint, scale: number): string {
  const { seconds, fraction } = momentOf(value, scale);
  const part = (n: bigint): string => (n % 60n).toString().padStart(2, '0');
  return `${(seconds / 3600n).toString().padStart(2, '0')}:${part(seconds / 60n)}:${part(seconds)}.${fraction.toString().padStart(scale, '0')}`;
}
