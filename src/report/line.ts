// One line that says where a run stands, as long as fits: what matters least goes first when the terminal is narrow.

import type { Snapshot } from '../model.js';
import { count, duration, share, size } from './figures.js';
import type { Pace } from './pace.js';

interface Part {
  readonly text: string;
  /** For narrow terminals. */
  readonly short: string;
  /** 0 stays longest. */
  readonly rank: number;
}

const gap = '  ';
const barLeast = 8;
const barMost = 30;

/** Share of the file bytes read, 0 to 1; null while the total is unknown. */
export function progress({ bytes }: Snapshot): number | null {
  if (bytes.total === null) return null;
  return bytes.total === 0 ? 1 : Math.min(1, bytes.read / bytes.total);
}

function parts(snapshot: Snapshot, pace: Pace): Part[] {
  const { points, writers, memory } = snapshot;
  const done = progress(snapshot);
  const eta = pace.etaSeconds === null || done === 1 ? null : duration(pace.etaSeconds);
  const same = (text: string, rank: number): Part => ({ text, short: text, rank });
  return [
    ...(done === null ? [] : [same(`${Math.floor(done * 100)}%`.padStart(4), 0)]),
    { text: `${count(points.loaded)} points`, short: `${count(points.loaded)} pts`, rank: 1 },
    { text: `${count(pace.pointsPerSecond)}/s`, short: `${count(pace.pointsPerSecond)}/s`, rank: 7 },
    same(`${size(pace.bytesPerSecond)}/s`, 3),
    ...(eta === null ? [] : [{ text: `ETA ${eta}`, short: eta, rank: 4 }]),
    {
      text: `in flight ${snapshot.inFlight}/${writers.limit}`,
      short: `${snapshot.inFlight}/${writers.limit}`,
      rank: 5,
    },
    {
      text: `resident ${share(memory.rssBytes, memory.limitBytes)}`,
      short: share(memory.rssBytes, memory.limitBytes),
      rank: 6,
    },
    {
      text: `${count(points.rejected)} rejected`,
      short: `${count(points.rejected)} rej`,
      rank: points.rejected > 0 ? 2 : 8,
    },
  ];
}

/** Everything, however long. For logs. */
export function fullLine(snapshot: Snapshot, pace: Pace): string {
  return parts(snapshot, pace)
    .map(({ text }) => text.trim())
    .join(gap);
}

/**
 * At most `width` characters. `bar` draws a bar of so many characters, in brackets here; it is only asked for where
 * the total is known and all the rest fits in full.
 */
export function fittedLine(snapshot: Snapshot, pace: Pace, width: number, bar: (width: number) => string): string {
  const all = parts(snapshot, pace);
  const full = all.map(({ text }) => text).join(gap);
  if (full.length > width) return shortened(all, width);
  const room = Math.min(barMost, width - full.length - ' []'.length);
  if (progress(snapshot) === null || room < barLeast) return full;
  const [percent = '', ...rest] = all.map(({ text }) => text);
  return [`${percent} [${bar(room)}]`, ...rest].join(gap);
}

function shortened(all: readonly Part[], width: number): string {
  let kept = [...all];
  const line = (): string => kept.map(({ short }) => short).join(gap);
  while (line().length > width && kept.length > 1) {
    const least = Math.max(...kept.map(({ rank }) => rank));
    kept = kept.filter(({ rank }) => rank !== least);
  }
  return line().slice(0, width);
}
