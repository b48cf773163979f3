// Builds the parts of the progress line. Each part has a long and a short text, an importance and a colour.

import { limitingFactors } from '../../core/limiting-factors.js';
import { count, duration, plural, share, size } from '../../core/text.js';
import type { Level } from '../../core/types/index.js';
import { answerKinds } from '../answers.js';
import type { LoadPace } from './pace.js';

/** `warn`: trouble; `bad`: trouble that may end the run. The text states the trouble even without colours. */
export type Tone = 'plain' | 'warn' | 'bad';

/** Order in which a narrow terminal shows parts, the most important first. */
export const ranking = [
  'percent',
  'phase',
  'memory trouble',
  'trouble',
  'open circuits',
  'points',
  'pieces',
  'rejected',
  'time',
  'rate',
  'memory',
  'limited',
  'bar',
  'bytes',
  'in flight',
  'node memory',
  'no rejects',
] as const;

export type LineRank = (typeof ranking)[number];

export interface LinePart {
  readonly rank: LineRank;
  readonly text: string;
  /** Text for narrow terminals. */
  readonly short: string;
  readonly tone: Tone;
}

export function part(rank: LineRank, text: string, short = text, tone: Tone = 'plain'): LinePart {
  return { text, short, rank, tone };
}

export function percentPart(percent: number | null): LinePart[] {
  return percent === null ? [] : [part('percent', `${Math.floor(percent)}%`.padStart(4))];
}

/** Names the phases `starting` and `verifying`. Returns no part for other phases. */
export function phasePart(phase: string): LinePart[] {
  if (phase === 'starting') return [part('phase', 'starting')];
  return phase === 'verifying' ? [part('phase', 'reading a sample back (--verify)', 'verifying')] : [];
}

/** Formats the state of a fleet: `12/48 pieces by 4 workers`. */
export function fleetPart(
  fleet: { readonly workers: number; readonly pieces: Readonly<Record<string, number>> } | null,
): LinePart[] {
  if (fleet === null) return [];
  const { settled = 0, ...rest } = fleet.pieces;
  const all = Object.values(rest).reduce((sum, each) => sum + each, settled);
  const workers = plural(fleet.workers, 'worker');
  return [part('pieces', `${count(settled)}/${count(all)} pieces by ${workers}`, `${settled}/${all} pc`)];
}

export function rejectedPart(rejected: number): LinePart[] {
  const text = count(rejected);
  return rejected > 0
    ? [part('rejected', `${text} rejected`, `${text} rej`, 'warn')]
    : [part('no rejects', '0 rejected')];
}

export function etaPart(percent: number | null, { etaSeconds }: LoadPace): LinePart[] {
  if (etaSeconds === null || percent === 100) return [];
  return [part('time', `ETA ${duration(etaSeconds)}`, duration(etaSeconds))];
}

const memoryTones: Record<Level, Tone> = { normal: 'plain', high: 'warn', critical: 'bad', stop: 'bad' };

export function memoryPart(memory: {
  readonly level: Level;
  readonly rssBytes: number;
  readonly limitBytes: number;
}): LinePart[] {
  const { level, rssBytes, limitBytes } = memory;
  const short = `mem ${limitBytes === 0 ? 0 : Math.round((100 * rssBytes) / limitBytes)}%`;
  const both = share(rssBytes, limitBytes);
  if (level === 'normal') return [part('memory', `memory ${both}`, short)];
  return [part('memory trouble', `memory ${level} ${both}`, `${short} ${level}`, memoryTones[level])];
}

/** Shows the estimated memory of the fullest node. */
export function nodePart(nodeBytes: number | null): LinePart[] {
  return nodeBytes === null ? [] : [part('node memory', `node ${size(nodeBytes)}`)];
}

/**
 * Returns the parts about open circuits, the target's trouble and the limiting factor. If the target has trouble and is
 * the limiting factor, one part contains both.
 */
export function targetParts(endpoints: number, { limitedBy, trouble, openCircuits }: LoadPace): LinePart[] {
  const circuits = part(
    'open circuits',
    `circuit open for ${openCircuits} of ${endpoints} endpoints`,
    `${openCircuits}/${endpoints} circuits open`,
    'warn',
  );
  // If some circuits are open, but not all, the part about circuits already shows that endpoints are unreachable.
  const isKnown = openCircuits > 0 && openCircuits < endpoints && (trouble === 'unreachable' || trouble === 'dropped');
  const answer = isKnown ? undefined : answerKinds.find(({ kind }) => kind === trouble)?.label;
  const isTarget = answer !== undefined && limitedBy === 'target';
  const factor = isTarget ? undefined : limitingFactors.find(({ key }) => key === limitedBy)?.label;
  return [
    ...(openCircuits > 0 ? [circuits] : []),
    ...(answer === undefined
      ? []
      : [part('trouble', `${isTarget ? 'limited by ' : ''}target: ${answer}`, answer, 'warn')]),
    ...(factor === undefined ? [] : [part('limited', `limited by ${factor}`, `by ${factor}`)]),
  ];
}

export function bytesPart({ bytesPerSecond }: LoadPace): LinePart[] {
  return [part('bytes', `${size(bytesPerSecond)}/s`)];
}
