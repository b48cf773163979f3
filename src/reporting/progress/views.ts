// Views of a run that work without a terminal: plain lines and JSON lines.

import { duration, printable } from '../../core/text.js';
import type { Sample, Summary } from '../../core/types/index.js';
import { progressEvent, type Snapshot } from '../figures.js';
import { jsonParts } from '../json-parts.js';
import type { ThrottledNotice } from '../notices.js';
import { wrapped } from '../wrap.js';
import type { LoadPace } from './pace.js';
import { fullLine } from './progress-line.js';

/** Output of a view; standard error outside of tests. */
export interface ViewOutput {
  write(text: string): void;
  /**
   * Returns the current width of the terminal. Returns null if there is no terminal, or if its width is unknown. Then
   * lines are not wrapped.
   */
  columns(): number | null;
  /** True if a terminal that becomes narrower wraps the lines on screen; false if the terminal cuts them. */
  readonly reflows?: boolean;
  /** True on a terminal when NO_COLOR is unset. */
  readonly color: boolean;
  /** The terminal itself, for the bar; absent if the output is not a terminal. */
  readonly terminal?: { readonly isTTY?: boolean | undefined; write(text: string): unknown };
}

export interface View {
  /** Time between two snapshots, ms. */
  readonly everyMs: number;
  start(lines: readonly string[]): void;
  progress(run: Snapshot, pace: LoadPace): void;
  notice(notice: ThrottledNotice): void;
  /** Ends the view. `last` is the last snapshot, or null. `series` contains the samples of the whole run. */
  end(last: { run: Snapshot; pace: LoadPace } | null, summary: Summary | null, series: readonly Sample[]): void;
}

export const red = 31;
export const yellow = 33;

/** Colours a text if the output has colours. */
export function paint(text: string, code: number, color: boolean): string {
  return color ? `\u001b[${code}m${text}\u001b[0m` : text;
}

/** Formats a notice: `warning: the target answers Memory Exhausted (12 more times)`. */
export function noticeText({ level, message, count }: ThrottledNotice, color: boolean): string {
  const times = count > 1 ? ` (${count} more times)` : '';
  const prefix = { error: paint('error: ', red, color), warn: paint('warning: ', yellow, color), info: '', debug: '' };
  return `${prefix[level]}${printable(message)}${times}`;
}

/** Wraps a line between words on a terminal. Without a terminal, returns the line unchanged. */
export function lineFor(output: ViewOutput, text: string): string {
  const columns = output.columns();
  return columns === null ? text : wrapped(text, columns).join('\n');
}

/** Creates a view that prints one line a minute. */
export function plainView(output: ViewOutput): View {
  const line = (text: string): void => output.write(`${lineFor(output, text)}\n`);
  return {
    everyMs: 60_000,
    start: (lines) => lines.map(printable).forEach(line),
    progress: (run, pace) => line(`${duration(run.seconds)}: ${fullLine(run, pace)}`),
    notice: (notice) => line(noticeText(notice, output.color)),
    end: () => {},
  };
}

/** Creates a view that prints only notices. */
export function silentView(output: ViewOutput): View {
  return { ...plainView(output), start: () => {}, progress: () => {} };
}

/** Creates a view that prints one JSON object a second. */
export function jsonView(output: ViewOutput): View {
  const line = (event: object): void => output.write(`${JSON.stringify(event)}\n`);
  return {
    everyMs: 1000,
    start: (lines) => line({ event: 'start', lines }),
    progress: (run, pace) => line(progressEvent(run, pace)),
    notice: ({ level, kind, message, count }) => line({ event: 'notice', level, kind, message, count }),
    end: (last, summary, series) => {
      if (last !== null) line(progressEvent(last.run, last.pace));
      output.write('{"event":"end","summary":');
      for (const part of summary === null ? ['null'] : jsonParts(summary, 0)) output.write(part);
      output.write(`,"series":${JSON.stringify(series)}}\n`);
    },
  };
}
