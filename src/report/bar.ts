// The progress bar of a terminal. cli-progress redraws one line; what is in it, and when it is redrawn, is ours.

import type { SingleBar } from 'cli-progress';
import type { Snapshot } from '../model.js';
import { fittedLine, progress } from './line.js';
import type { Pace } from './pace.js';
import { printable } from './printable.js';
import { type Io, noticeText, paint, type View } from './views.js';

const green = 32;
const clearLine = '\r\u001b[2K';
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
  readonly pace: Pace;
}

/** Four redraws a second; notices go above the bar. Loads cli-progress only when it is wanted. */
export async function barView(io: Io): Promise<View> {
  const { default: cli } = await import('cli-progress');
  let started = false;
  const bar: SingleBar = new cli.SingleBar({
    stream: terminal(io),
    fps: 1, // its own timer then never runs before our next look
    linewrap: true, // leave the terminal's wrapping alone: notices need it
    synchronousUpdate: false,
    forceRedraw: true, // a notice may have taken its place
    barCompleteChar: '=',
    barIncompleteChar: ' ',
    format: (options, { progress: done }, { snapshot, pace }: Payload) =>
      fittedLine(snapshot, pace, io.columns() - 1, (width) =>
        paint(cli.Format.BarFormat(done, { ...options, barsize: width }), green, io.color),
      ),
  });
  const draw = (snapshot: Snapshot, pace: Pace): void => {
    const done = progress(snapshot) ?? 0;
    const payload: Payload = { snapshot, pace };
    if (started) {
      bar.update(done, payload);
      bar.render();
    } else bar.start(1, done, payload);
    started = true;
  };
  const above = (text: string): void => {
    io.write(`${started ? clearLine : ''}${text}\n`);
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
