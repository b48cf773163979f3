// The progress bar of a terminal. cli-progress redraws one line; what is in it, and when it is redrawn, is ours.

import type { SingleBar } from 'cli-progress';
import { printable } from '../../core/printable.js';
import type { Snapshot } from '../../core/types/index.js';
import type { LoadPace } from './pace.js';
import { fittedLine, progress, type Tone } from './progress-line.js';
import { type Io, lineFor, noticeText, paint, red, type View, yellow } from './views.js';

const green = 32;
const colours: Record<Exclude<Tone, 'plain'>, number> = { warn: yellow, bad: red };
const clearLine = '\r\u001b[2K';
/** Where nobody tells. */
const usualColumns = 80;
const clearBelow = '\u001b[0J';
/** Saving and restoring the cursor: after notices have scrolled the screen the saved place is a wrong one. */
const cursorPlaces = ['\u001b7', '\u001b8'];

/** What cli-progress needs of a terminal. It would cut lines at `columns`, colour codes counted; ours fit already. */
function terminal(io: Io): NodeJS.WritableStream {
  const write = (text: string): boolean => {
    if (!cursorPlaces.includes(text)) io.write(text);
    return true;
  };
  return { isTTY: true, columns: 10_000, write } as unknown as NodeJS.WritableStream;
}

interface Payload {
  readonly snapshot: Snapshot;
  readonly pace: LoadPace;
}

/** Four redraws a second; notices go above the bar. Loads cli-progress only when it is wanted. */
export async function barView(io: Io): Promise<View> {
  const { default: cli } = await import('cli-progress');
  let started = false;
  /** Characters of the line that stands there. */
  let length = 0;
  const columns = (): number => Math.max(1, io.columns() ?? usualColumns);
  const bar: SingleBar = new cli.SingleBar({
    stream: terminal(io),
    fps: 1, // its own timer then never runs before our next look
    linewrap: true, // leave the terminal's wrapping alone: notices need it
    synchronousUpdate: false,
    forceRedraw: true, // a notice may have taken its place
    barCompleteChar: '=',
    barIncompleteChar: ' ',
    format: (options, { progress: done }, { snapshot, pace }: Payload) => {
      const line = fittedLine(snapshot, pace, columns() - 1, {
        bar: (width) => paint(cli.Format.BarFormat(done, { ...options, barsize: width }), green, io.color),
        paint: (text, tone) => (tone === 'plain' ? text : paint(text, colours[tone], io.color)),
      });
      length = line.length;
      return line.text;
    },
  });
  /** A terminal that got narrower has broken the line into rows: back to the first of them, and all of them away. */
  const gather = (): void => {
    const rows = Math.ceil(length / columns()) - 1;
    if (rows > 0 && io.reflows === true) io.write(`\u001b[${rows}A\r${clearBelow}`);
  };
  const draw = (snapshot: Snapshot, pace: LoadPace): void => {
    const done = progress(snapshot) ?? 0;
    const payload: Payload = { snapshot, pace };
    gather();
    if (started) {
      bar.update(done, payload);
      bar.render();
    } else bar.start(1, done, payload);
    started = true;
  };
  const above = (text: string): void => {
    gather();
    io.write(`${started ? clearLine : ''}${lineFor(io, text)}\n`);
    if (started) bar.render();
  };
  return {
    everyMs: 250,
    start: (lines) => lines.map(printable).forEach(above),
    progress: draw,
    notice: (notice) => above(noticeText(notice, io.color)),
    end: (looked) => {
      if (looked !== null) draw(looked.snapshot, looked.pace);
      bar.stop();
    },
  };
}
