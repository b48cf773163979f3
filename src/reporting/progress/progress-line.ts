// One line that says where a run stands, as long as fits: how far, how fast, how long, and who is hurting, we or the
// target. What matters least goes first when the terminal is narrow.

import { count, duration, share, size } from '../../core/text.js';
import type { Level, LimitingFactor, Snapshot } from '../../core/types/index.js';
import type { LoadPace } from './pace.js';

/** Trouble, and trouble that may end the run. Never in colour alone: the words say it, too. */
export type Tone = 'plain' | 'warn' | 'bad';

/** How a terminal is drawn on; without colours everything comes back as it is. */
export interface Brush {
  /** A bar of so many characters. */
  bar(width: number): string;
  paint(text: string, tone: Tone): string;
}

const gap = '  ';
const frame = ' []';
const barLeast = 8;
const barMost = 30;
/** What stays longest on a narrow terminal, first. */
const ranking = [
  'share',
  'our trouble',
  'trouble',
  'left alone',
  'points',
  'rejected',
  'time',
  'rate',
  'memory',
  'held back',
  'bar',
  'bytes',
  'in flight',
  'no rejects',
] as const;
/** Only where everything else is in full. */
const besides: readonly Rank[] = ['in flight', 'no rejects'];

type Rank = (typeof ranking)[number];

interface LinePart {
  readonly text: string;
  /** For narrow terminals. */
  readonly short: string;
  readonly rank: Rank;
  readonly tone: Tone;
}

const causes: Record<LimitingFactor, string> = {
  target: 'target',
  targetMemory: '--target-memory',
  ownMemory: 'own memory',
  input: 'input',
  rateLimit: 'rate limit',
};
const troubles: Record<NonNullable<LoadPace['trouble']>, string> = {
  overloaded: 'overloaded',
  unreachable: 'unreachable',
  dropped: 'connection lost',
  forming: 'electing',
  refused: 'refused',
};
const tones: Record<Level, Tone> = { normal: 'plain', high: 'warn', critical: 'bad', stop: 'bad' };

/** Share of the file bytes read, 0 to 1; null while the total is unknown. */
export function progress({ bytes }: Snapshot): number | null {
  if (bytes.total === null) return null;
  return bytes.total === 0 ? 1 : Math.min(1, bytes.read / bytes.total);
}

function part(rank: Rank, text: string, short = text, tone: Tone = 'plain'): LinePart {
  return { text, short, rank, tone };
}

function parts(snapshot: Snapshot, pace: LoadPace, time: readonly LinePart[]): LinePart[] {
  const { points, writers, inFlight } = snapshot;
  const done = progress(snapshot);
  const rejected = count(points.rejected);
  return [
    ...(done === null ? [] : [part('share', `${Math.floor(done * 100)}%`.padStart(4))]),
    part('points', `${count(points.loaded)} points`, `${count(points.loaded)} pts`),
    part('rate', `${count(pace.pointsPerSecond)}/s`),
    ...time,
    ...(points.rejected > 0 ? [part('rejected', `${rejected} rejected`, `${rejected} rej`, 'warn')] : []),
    ours(snapshot),
    ...targets(snapshot, pace),
    part('bytes', `${size(pace.bytesPerSecond)}/s`),
    part('in flight', `in flight ${inFlight}/${writers.limit}`),
    ...(points.rejected > 0 ? [] : [part('no rejects', '0 rejected')]),
  ];
}

/** How long it will take. */
function left(snapshot: Snapshot, { etaSeconds }: LoadPace): LinePart[] {
  if (etaSeconds === null || progress(snapshot) === 1) return [];
  return [part('time', `ETA ${duration(etaSeconds)}`, duration(etaSeconds))];
}

/** Where nobody knows that: how long it has taken. */
function leftOrSince(snapshot: Snapshot, pace: LoadPace): LinePart[] {
  if (progress(snapshot) !== null) return left(snapshot, pace);
  return [part('time', `for ${duration(snapshot.seconds)}`)];
}

function ours({ memory: { level, rssBytes, limitBytes } }: Snapshot): LinePart {
  const short = `mem ${limitBytes === 0 ? 0 : Math.round((100 * rssBytes) / limitBytes)}%`;
  const both = share(rssBytes, limitBytes);
  if (level === 'normal') return part('memory', `memory ${both}`, short);
  return part('our trouble', `memory ${level} ${both}`, `${short} ${level}`, tones[level]);
}

/** What the target suffers from, and what holds the load back where that is something else. */
function targets({ endpoints }: Snapshot, { heldBackBy, trouble, leftAlone }: LoadPace): LinePart[] {
  const all = endpoints.length;
  const alone = part(
    'left alone',
    `${leftAlone} of ${all} endpoints left alone`,
    `${leftAlone}/${all} left alone`,
    'warn',
  );
  const ofThose = leftAlone > 0 && leftAlone < all && (trouble === 'unreachable' || trouble === 'dropped');
  const answer = trouble === null || ofThose ? null : troubles[trouble];
  const both = answer !== null && heldBackBy === 'target';
  return [
    ...(leftAlone > 0 ? [alone] : []),
    ...(answer === null ? [] : [part('trouble', `${both ? 'held back by ' : ''}target: ${answer}`, answer, 'warn')]),
    ...(heldBackBy === null || both
      ? []
      : [part('held back', `held back by ${causes[heldBackBy]}`, `by ${causes[heldBackBy]}`)]),
  ];
}

/** Everything, however long. For logs, where the time that has passed stands before it. */
export function fullLine(snapshot: Snapshot, pace: LoadPace): string {
  return parts(snapshot, pace, left(snapshot, pace))
    .map(({ text }) => text.trim())
    .join(gap);
}

interface Fitted {
  /** As it is drawn. */
  readonly text: string;
  /** Characters of it that are seen. */
  readonly length: number;
}

/** At most `width` characters are seen of it. A bar is only drawn where the total is known. */
export function fittedLine(snapshot: Snapshot, pace: LoadPace, width: number, brush: Brush): Fitted {
  const all = parts(snapshot, pace, leftOrSince(snapshot, pace));
  const { shown, bar } = fitted(all, width, progress(snapshot) !== null);
  const length = lengthOf(shown);
  // A terminal of less than a word.
  if (length > width) return { text: shown[0]!.text.slice(0, width), length: width };
  const painted = shown.map(({ text, tone }) => brush.paint(text, tone));
  if (!bar) return { text: painted.join(gap), length };
  const room = Math.min(barMost, width - length - frame.length);
  const [percent = '', ...rest] = painted;
  return { text: [`${percent} [${brush.bar(room)}]`, ...rest].join(gap), length: length + room + frame.length };
}

/** As many parts as there is room for in short, then as many of them in full as still fit, both by their rank. */
function fitted(all: readonly LinePart[], width: number, known: boolean): { shown: LinePart[]; bar: boolean } {
  let bar = known;
  const fits = (those: readonly LinePart[]): boolean => lengthOf(those) + (bar ? barLeast + frame.length : 0) <= width;
  if (fits(all)) return { shown: [...all], bar };
  const wanted = all.filter(({ rank }) => !besides.includes(rank));
  let shown = wanted.map((each) => ({ ...each, text: each.short }));
  for (const rank of ranking.toReversed()) {
    if (fits(shown) || shown.length === 1) break;
    if (rank === 'bar') bar = false;
    else shown = shown.filter((each) => each.rank !== rank);
  }
  for (const rank of ranking) {
    const longer = shown.map((each) => (each.rank === rank ? all.find((one) => one.rank === rank)! : each));
    if (fits(longer)) shown = longer;
  }
  return { shown, bar: bar && fits(shown) };
}

function lengthOf(those: readonly LinePart[]): number {
  return those.map(({ text }) => text).join(gap).length;
}
