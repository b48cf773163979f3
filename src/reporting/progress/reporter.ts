// Shows a run while it goes on: looks at its snapshot by itself, so nothing in the run waits for a terminal.

import { duration } from '../../core/text.js';
import type { Clock, Notice, Sample, Snapshot, Summary } from '../../core/types/index.js';
import { Notices } from '../notices.js';
import { Series } from '../series.js';
import { barView } from './bar.js';
import { pace, remember } from './pace.js';
import { fullLine } from './progress-line.js';
import { type Io, jsonView, plainView, silentView, type View } from './views.js';

export type ProgressMode = 'bar' | 'plain' | 'json' | 'none';

export interface Reporter {
  /** What is known before the run: one line each. */
  start(lines: readonly string[]): void;
  /** From now on the run is looked at: 4 times a second (bar), every second (json), every minute (plain). */
  show(snapshot: () => Snapshot): void;
  /** Shown at once, or counted: once a minute per kind. */
  notice(notice: Notice): void;
  /** Says at once where the run stands, whatever the log level. */
  status(): void;
  /** The last look, what was still counted, and the end. Idempotent; nothing is shown afterwards. */
  finish(summary: Summary | null): void;
  /** The run over time. */
  samples(): Sample[];
}

const noticesEveryMs = 1000;
const samplesEveryMs = 1000;

async function viewFor(mode: ProgressMode, io: Io): Promise<View> {
  switch (mode) {
    case 'bar':
      return barView(io);
    case 'plain':
      return plainView(io);
    case 'json':
      return jsonView(io);
    case 'none':
      return silentView(io);
  }
}

/** Notices below `logLevel` are not shown. */
export async function reporter(
  mode: ProgressMode,
  io: Io,
  clock: Clock,
  logLevel: Notice['level'] = 'info',
): Promise<Reporter> {
  return new OneReporter(await viewFor(mode, io), clock, new Notices(logLevel));
}

class OneReporter implements Reporter {
  readonly #view: View;
  readonly #clock: Clock;
  readonly #notices: Notices;
  readonly #timers: (() => void)[];
  #snapshot: (() => Snapshot) | null = null;
  #looks: Snapshot[] = [];
  readonly #series = new Series();
  #finished = false;

  constructor(view: View, clock: Clock, notices: Notices) {
    this.#view = view;
    this.#clock = clock;
    this.#notices = notices;
    const tell = (): void => {
      for (const notice of notices.due(clock.monotonic())) view.notice(notice);
    };
    this.#timers = [clock.every(noticesEveryMs, tell)];
  }

  start(lines: readonly string[]): void {
    this.#view.start(lines);
  }

  show(snapshot: () => Snapshot): void {
    this.#snapshot = snapshot;
    this.#series.add(snapshot());
    this.#timers.push(this.#clock.every(samplesEveryMs, () => this.#series.add(snapshot())));
    this.#timers.push(
      this.#clock.every(this.#view.everyMs, () => {
        const look = this.#look();
        if (look !== null) this.#view.progress(look.snapshot, look.pace);
      }),
    );
  }

  notice(notice: Notice): void {
    if (this.#finished) return;
    const shown = this.#notices.add(notice, this.#clock.monotonic());
    if (shown !== null) this.#view.notice(shown);
  }

  status(): void {
    if (this.#finished) return;
    const look = this.#look();
    const message =
      look === null
        ? 'not begun yet: waiting for the target'
        : `${duration(look.snapshot.seconds)}: ${fullLine(look.snapshot, look.pace)}`;
    this.#view.notice({ level: 'info', kind: 'status', message, count: 1 });
  }

  finish(summary: Summary | null): void {
    if (this.#finished) return;
    this.#finished = true;
    for (const cancel of this.#timers) cancel();
    for (const notice of this.#notices.rest(this.#clock.monotonic())) this.#view.notice(notice);
    const looked = this.#look();
    if (looked !== null) this.#series.add(looked.snapshot);
    this.#view.end(looked, summary, this.#series.samples());
  }

  samples(): Sample[] {
    return this.#series.samples();
  }

  #look(): { snapshot: Snapshot; pace: ReturnType<typeof pace> } | null {
    if (this.#snapshot === null) return null;
    const snapshot = this.#snapshot();
    this.#looks = remember(this.#looks, snapshot);
    return { snapshot, pace: pace(this.#looks) };
  }
}
