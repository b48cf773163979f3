// Times of a Parquet file, which have a unit of their own: as the digits of a whole number in the precision of the load, and
// as text for people.

import type { InputPrecision } from '../../../core/types/index.js';
import type { Zone } from '../../timestamps/zone.js';

const DAY = 86_400n;
const places: Readonly<Record<InputPrecision, number>> = { s: 0, ms: 3, us: 6, ns: 9 };
/** Years that RFC 3339 can write. */
const firstSecond = -62_167_219_200n;
const lastSecond = 253_402_300_799n;

/** Seconds since 1970 and a fraction, which is not negative. */
export interface Moment {
  readonly seconds: bigint;
  /** So many decimal places of a second. */
  readonly fraction: bigint;
  readonly scale: number;
}

export function momentOf(value: bigint, scale: number): Moment {
  const unit = 10n ** BigInt(scale);
  const fraction = ((value % unit) + unit) % unit;
  return { seconds: (value - fraction) / unit, fraction, scale };
}

/** A date is the midnight at which it begins. */
export function dateMoment(days: bigint): Moment {
  return { seconds: days * DAY, fraction: 0n, scale: 0 };
}

/** Days of the Julian calendar, and nanoseconds of the day. */
export function int96Moment(days: number, nanos: bigint): Moment {
  return momentOf((BigInt(days) - 2_440_588n) * DAY * 1_000_000_000n + nanos, 9);
}

/** As that clock on the wall showed it → the instant. Null for one that there was twice, or never, and none is to be taken. */
export function inZone(moment: Moment, zone: Zone, ambiguity: Parameters<Zone>[1]): Moment | null {
  const seconds = zone(Number(moment.seconds), ambiguity);
  return seconds === null ? null : { ...moment, seconds: BigInt(seconds) };
}

/** Digits in the unit of the load, with a fraction where it is too coarse. */
export function inUnit({ seconds, fraction, scale }: Moment, precision: InputPrecision): string {
  const digits = places[precision];
  const value = seconds * 10n ** BigInt(scale) + fraction;
  if (digits >= scale) return (value * 10n ** BigInt(digits - scale)).toString();
  const unit = 10n ** BigInt(scale - digits);
  const rest = (value < 0n ? -value : value) % unit;
  if (rest === 0n) return (value / unit).toString();
  const whole = (value < 0n ? -value : value) / unit;
  return `${value < 0n ? '-' : ''}${whole}.${rest.toString().padStart(scale - digits, '0')}`;
}

/** RFC 3339, with or without the Z of an instant. Null for years that have more than four digits. */
export function written({ seconds, fraction, scale }: Moment, utc: boolean): string | null {
  if (seconds < firstSecond || seconds > lastSecond) return null;
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  const part = scale === 0 ? '' : `.${fraction.toString().padStart(scale, '0')}`;
  return `${whole}${part}${utc ? 'Z' : ''}`;
}

/** A time of day. */
export function timeOfDay(value: bigint, scale: number): string {
  const { seconds, fraction } = momentOf(value, scale);
  const part = (n: bigint): string => (n % 60n).toString().padStart(2, '0');
  return `${(seconds / 3600n).toString().padStart(2, '0')}:${part(seconds / 60n)}:${part(seconds)}.${fraction.toString().padStart(scale, '0')}`;
}
