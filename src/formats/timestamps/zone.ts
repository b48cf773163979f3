// Converts local times to UTC with the time zone rules of Node. A clock change repeats or skips some local times. An
// option decides whether such a time is rejected or converted to the earlier or later instant.

/** Treatment of a local time that a clock change repeats or skips: reject it, or use the earlier or later instant. */
export type Ambiguity = 'reject' | 'earlier' | 'later';

/** Converts local seconds since 1970 to UTC seconds. With `reject`, returns null for a repeated or skipped time. */
export type Zone = (local: number, ambiguity: Ambiguity) => number | null;

const DAY = 86_400;
/** Largest number of days whose UTC offset is cached. The rows of most loads are from only a few days. */
const maxDays = 4096;

/** Returns the converter for a zone. @param name an IANA name that Node knows, or an offset such as `+01:00` */
export function zone(name: string): Zone {
  const fixed = /^([+-])(\d\d):(\d\d)$/.exec(name);
  if (name === 'UTC') return (local) => local;
  if (fixed === null) return named(name);
  const offset = (fixed[1] === '-' ? -1 : 1) * (Number(fixed[2]) * 3600 + Number(fixed[3]) * 60);
  return (local) => local - offset;
}

function named(name: string): Zone {
  const offsetAt = offsets(name);
  /** UTC offset of each day, seconds; null for a day near a clock change. The key counts days since 1970. */
  const known = new Map<number, number | null>();
  const offsetOf = (day: number): number | null => {
    const found = known.get(day);
    if (found !== undefined) return found;
    const before = offsetAt((day - 1) * DAY);
    const offset = before === offsetAt((day + 2) * DAY) ? before : null;
    if (known.size === maxDays) known.clear();
    known.set(day, offset);
    return offset;
  };
  return (local, ambiguity) => {
    const day = Math.floor(local / DAY);
    const offset = offsetOf(day);
    return offset === null ? nearChange(local, day, offsetAt, ambiguity) : local - offset;
  };
}

function nearChange(
  local: number,
  day: number,
  offsetAt: (utc: number) => number,
  ambiguity: Ambiguity,
): number | null {
  const before = local - offsetAt((day - 1) * DAY);
  const after = local - offsetAt((day + 2) * DAY);
  const readsBefore = before + offsetAt(before) === local;
  const readsAfter = after + offsetAt(after) === local;
  if (readsBefore !== readsAfter) return readsBefore ? before : after;
  if (ambiguity === 'reject') return null;
  return ambiguity === 'earlier' ? Math.min(before, after) : Math.max(before, after);
}

/** Returns a function that computes the zone's UTC offset in seconds, at a UTC time in seconds since 1970. */
function offsets(timeZone: string): (utc: number) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    era: 'short',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (utc) => {
    const parts = Object.fromEntries(format.formatToParts(utc * 1000).map(({ type, value }) => [type, value]));
    const year = parts.era?.startsWith('B') ? 1 - Number(parts.year) : Number(parts.year);
    const [month, day, hour, minute, second] = [parts.month, parts.day, parts.hour, parts.minute, parts.second].map(
      Number,
    );
    const wall = Date.UTC(2000, month! - 1, day, hour, minute, second);
    return new Date(wall).setUTCFullYear(year, month! - 1, day) / 1000 - utc;
  };
}
