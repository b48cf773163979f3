// The faces of a run that need no terminal: plain lines and JSON lines, whose keys the README lists.

import { printable } from '../../core/printable.js';
import { duration } from '../../core/text.js';
import type { Sample, Snapshot, Summary } from '../../core/types/index.js';
import type { ShownNotice } from '../notices.js';
import type { LoadPace } from './pace.js';
import { fullLine } from './progress-line.js';
import { wrapped } from './wrap.js';

/** Where a view writes; standard error, but for tests. */
export interface Io {
  write(text: string): void;
  /** Width of the terminal, asked each time: it may change. Null: none, or none that knows it; lines stay whole. */
  columns(): number | null;
  /** Whether a terminal that gets narrower breaks the lines that it shows; one that does not cuts them. */
  readonly reflows?: boolean;
  /** Whether colours are welcome (a terminal, and no NO_COLOR). */
  readonly color: boolean;
}

export interface View {
  /** ms between two looks. */
  readonly everyMs: number;
  start(lines: readonly string[]): void;
  progress(snapshot: Snapshot, pace: LoadPace): void;
  notice(notice: ShownNotice): void;
  /** Once, last. `looked` is the last look, when there was any; `series` the run over time. */
  end(looked: { snapshot: Snapshot; pace: LoadPace } | null, summary: Summary | null, series: readonly Sample[]): void;
}

export const red = 31;
export const yellow = 33;

/** In colour or without. */
export function paint(text: string, code: number, color: boolean): string {
  return color ? `\u001b[${code}m${text}\u001b[0m` : text;
}

/** `warning: target says Memory Exhausted (12 times in the last minute)` */
export function noticeText({ level, message, count }: ShownNotice, color: boolean): string {
  const times = count > 1 ? ` (${count} times since this was last said)` : '';
  const words = { error: paint('error: ', red, color), warn: paint('warning: ', yellow, color), info: '', debug: '' };
  return `${words[level]}${printable(message)}${times}`;
}

/** Whole in a log; on a terminal broken between words. */
export function lineFor(io: Io, text: string): string {
  const columns = io.columns();
  return columns === null ? text : wrapped(text, columns).join('\n');
}

/** One line a minute. */
export function plainView(io: Io): View {
  const line = (text: string): void => io.write(`${lineFor(io, text)}\n`);
  return {
    everyMs: 60_000,
    start: (lines) => lines.map(printable).forEach(line),
    progress: (snapshot, pace) => line(`${duration(snapshot.seconds)}: ${fullLine(snapshot, pace)}`),
    notice: (notice) => line(noticeText(notice, io.color)),
    end: () => {},
  };
}

/** No progress; trouble is still told, as far as the log level lets it through. */
export function silentView(io: Io): View {
  return { ...plainView(io), start: () => {}, progress: () => {} };
}

/** One object a second. */
export function jsonView(io: Io): View {
  const line = (event: object): void => io.write(`${JSON.stringify(event)}\n`);
  return {
    everyMs: 1000,
    start: (lines) => line({ event: 'start', lines }),
    progress: (snapshot) => line({ event: 'progress', ...snapshot }),
    notice: ({ level, kind, message, count }) => line({ event: 'notice', level, kind, message, count }),
    end: (looked, summary, series) => {
      if (looked !== null) line({ event: 'progress', ...looked.snapshot });
      line({ event: 'end', summary, series });
    },
  };
}
