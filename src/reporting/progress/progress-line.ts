// Formats the state of a run as one line. On a narrow terminal the least important parts are omitted first.

import { duration } from '../../core/text.js';
import { figures, type Snapshot } from '../figures.js';
import { type LinePart, type LineRank, part, ranking, type Tone } from './line-parts.js';
import type { LoadPace } from './pace.js';

/** Drawing functions of a terminal. Without colours, the functions return the text unchanged. */
export interface Brush {
  /** Draws a bar of `width` characters. */
  bar(width: number): string;
  paint(text: string, tone: Tone): string;
}

const gap = '  ';
const frame = ' []';
const minBar = 8;
const maxBar = 30;
/** Parts that are shown only if every other part fits in its long form. */
const optional: readonly LineRank[] = ['in flight', 'no rejects'];

function parts(run: Snapshot, pace: LoadPace): LinePart[] {
  const all = figures.flatMap(({ where }) => where?.line?.(run, pace) ?? []);
  return [...all.filter(({ rank }) => rank !== 'no rejects'), ...all.filter(({ rank }) => rank === 'no rejects')];
}

/** Returns a line with all parts, for logs. In a log, the elapsed time precedes the line. */
export function fullLine(run: Snapshot, pace: LoadPace): string {
  return parts(run, pace)
    .map(({ text }) => text.trim())
    .join(gap);
}

interface FittedLine {
  readonly text: string;
  /** Number of visible characters. */
  readonly length: number;
}

/** Fits the line into `width` visible characters. Shows a bar if the total is known, otherwise the elapsed time. */
export function fittedLine(run: Snapshot, pace: LoadPace, width: number, brush: Brush): FittedLine {
  const known = run.percent !== null;
  const all = parts(run, pace);
  if (!known) {
    const rate = all.findIndex(({ rank }) => rank === 'rate');
    all.splice(rate + 1, 0, part('time', `for ${duration(run.seconds)}`));
  }
  const { shown, bar } = fitParts(all, width, known);
  const length = lengthOf(shown);
  // The terminal is narrower than the first part.
  if (length > width) return { text: shown[0]!.text.slice(0, width), length: width };
  const painted = shown.map(({ text, tone }) => brush.paint(text, tone));
  if (!bar) return { text: painted.join(gap), length };
  const barWidth = Math.min(maxBar, width - length - frame.length);
  const [percent = '', ...rest] = painted;
  const text = [`${percent} [${brush.bar(barWidth)}]`, ...rest].join(gap);
  return { text, length: length + barWidth + frame.length };
}

/**
 * Chooses the most important parts that fit in their short form. Then replaces short forms by long forms while the line
 * fits, the most important parts first.
 */
function fitParts(all: readonly LinePart[], width: number, known: boolean): { shown: LinePart[]; bar: boolean } {
  let bar = known;
  const fits = (some: readonly LinePart[]): boolean => lengthOf(some) + (bar ? minBar + frame.length : 0) <= width;
  if (fits(all)) return { shown: [...all], bar };
  const required = all.filter(({ rank }) => !optional.includes(rank));
  let shown = required.map((each) => ({ ...each, text: each.short }));
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

function lengthOf(some: readonly LinePart[]): number {
  return some.map(({ text }) => text).join(gap).length;
}
