// The progress bar of a terminal, drawn by cli-progress. This file formats the bar's line. Notices appear above the
// line.

import { clearScreenDown, cursorTo, moveCursor } from 'node:readline';
import { printable } from '../../core/text.js';
import type { Snapshot } from '../figures.js';
import type { Tone } from './line-parts.js';
import type { LoadPace } from './pace.js';
import { fittedLine } from './progress-line.js';
import { lineFor, noticeText, paint, red, type View, type ViewOutput, yellow } from './views.js';

const green = 32;
const colours: Record<Exclude<Tone, 'plain'>, number> = { warn: yellow, bad: red };
/** Width assumed for a terminal that does not report its width. */
const defaultColumns = 80;

interface BarPayload {
  readonly run: Snapshot;
  readonly pace: LoadPace;
}

/** Draws the bar four times a second. Imports cli-progress on demand. */
export async function barView(output: ViewOutput, stream: ViewOutput['terminal'] & {}): Promise<View> {
  const terminal = stream as NodeJS.WritableStream;
  const { default: cli } = await import('cli-progress');
  let line = { text: '', length: 0 };
  let drawn: BarPayload | null = null;
  const columns = (): number => Math.max(1, output.columns() ?? defaultColumns);
  const bar = new cli.SingleBar({
    stream: terminal,
    fps: 1, // snapshots draw the bar before this timer of cli-progress fires
    synchronousUpdate: false,
    clearOnComplete: true,
    barCompleteChar: '=',
    barIncompleteChar: ' ',
    format: (options, { progress }, { run, pace }: BarPayload) => {
      line = fittedLine(run, pace, columns() - 1, {
        bar: (width) => paint(cli.Format.BarFormat(progress, { ...options, barsize: width }), green, output.color),
        paint: (text, tone) => (tone === 'plain' ? text : paint(text, colours[tone], output.color)),
      });
      return line.text;
    },
  });
  const draw = (payload: BarPayload): void => {
    const percent = payload.run.percent ?? 0;
    const rows = Math.ceil(line.length / columns());
    const narrowed = drawn !== null && rows > 1 && output.reflows === true;
    if (narrowed) {
      // The terminal has wrapped the line. All rows of the line are cleared, beginning with the first row.
      moveCursor(terminal, 0, 1 - rows);
      cursorTo(terminal, 0);
      clearScreenDown(terminal);
    }
    if (drawn === null || narrowed) bar.start(100, percent, payload);
    else {
      bar.update(percent, payload);
      bar.render();
    }
    drawn = payload;
  };
  /** Removes the bar and restores the terminal. */
  const hide = (): void => {
    if (drawn === null) return;
    draw(drawn);
    bar.stop();
    drawn = null;
  };
  const above = (text: string): void => {
    const payload = drawn;
    hide();
    output.write(`${lineFor(output, text)}\n`);
    if (payload !== null) draw(payload);
  };
  return {
    everyMs: 250,
    start: (lines) => lines.map(printable).forEach(above),
    progress: (run, pace) => draw({ run, pace }),
    notice: (notice) => above(noticeText(notice, output.color)),
    end: (last) => {
      if (last === null) return;
      draw(last);
      hide();
      output.write(`${line.text}\n`);
    },
  };
}
