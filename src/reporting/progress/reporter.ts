// Shows the progress of a run. Reads snapshots on its own timers, so the run never waits for a terminal.

import { duration } from '../../core/text.js';
import type { Clock, Notice, Sample, Summary } from '../../core/types/index.js';
import type { Snapshot } from '../figures.js';
import { NoticeThrottle } from '../notices.js';
import { Series } from '../series.js';
import { barView } from './bar.js';
import { type LoadPace, pace, remember } from './pace.js';
import { fullLine } from './progress-line.js';
import { jsonView, plainView, silentView, type View, type ViewOutput } from './views.js';

export type ProgressMode = 'bar' | 'plain' | 'json' | 'none';

export interface Reporter {
  /** Prints the facts known before the run, each fact on its own line. */
  start(lines: readonly string[]): void;
  /**
   * Reads a snapshot 4 times a second (bar), every second (json) or every minute (plain). A later call replaces
   * `snapshot`.
   */
  show(snapshot: () => Snapshot): void;
  /** Shows at most one notice of each kind per minute, and counts the other notices. */
  notice(notice: Notice): void;
  /** Prints the state of the run at once, at any log level. */
  status(): void;
  /** Shows the last snapshot and the counted notices. Later calls of any method do nothing. */
  finish(summary: Summary | null): void;
  /** Returns the samples of the whole run. */
  samples(): Sample[];
}

const noticesEveryMs = 1000;
const samplesEveryMs = 1000;

async function viewFor(mode: ProgressMode, output: ViewOutput): Promise<View> {
  if (mode === 'json') return jsonView(output);
  if (mode === 'none') return silentView(output);
  // A bar needs a terminal. In a file the bar would be a series of control sequences.
  return mode === 'bar' && output.terminal !== undefined ? await barView(output, output.terminal) : plainView(output);
}

/** Creates a reporter that drops notices below `logLevel`. */
export async function reporter(
  mode: ProgressMode,
  output: ViewOutput,
  clock: Clock,
  logLevel: Notice['level'] = 'info',
): Promise<Reporter> {
  return new RunReporter(await viewFor(mode, output), clock, new NoticeThrottle(logLevel));
}

class RunReporter implements Reporter {
  readonly #view: View;
  readonly #clock: Clock;
  readonly #notices: NoticeThrottle;
  readonly #timers: (() => void)[];
  #snapshot: (() => Snapshot) | null = null;
  #recent: Snapshot[] = [];
  readonly #series = new Series();
  #finished = false;

  constructor(view: View, clock: Clock, notices: NoticeThrottle) {
    this.#view = view;
    this.#clock = clock;
    this.#notices = notices;
    const showDue = (): void => {
      for (const notice of notices.due(clock.monotonic())) view.notice(notice);
    };
    this.#timers = [clock.every(noticesEveryMs, showDue)];
  }

  start(lines: readonly string[]): void {
    this.#view.start(lines);
  }

  show(snapshot: () => Snapshot): void {
    const isFirst = this.#snapshot === null;
    this.#snapshot = snapshot;
    this.#recent = [];
    if (!isFirst) this.#series.beginNext();
    this.#series.add(snapshot());
    if (!isFirst) return;
    this.#timers.push(this.#clock.every(samplesEveryMs, () => this.#series.add(this.#snapshot!())));
    this.#timers.push(
      this.#clock.every(this.#view.everyMs, () => {
        const latest = this.#latest();
        if (latest !== null) this.#view.progress(latest.run, latest.pace);
      }),
    );
  }

  notice(notice: Notice): void {
    if (this.#finished) return;
    const due = this.#notices.add(notice, this.#clock.monotonic());
    if (due !== null) this.#view.notice(due);
  }

  status(): void {
    if (this.#finished) return;
    const latest = this.#latest();
    const message =
      latest === null
        ? 'starting: the load waits for the target'
        : `${duration(latest.run.seconds)}: ${fullLine(latest.run, latest.pace)}`;
    this.#view.notice({ level: 'info', kind: 'status', message, count: 1 });
  }

  finish(summary: Summary | null): void {
    if (this.#finished) return;
    this.#finished = true;
    for (const cancel of this.#timers) cancel();
    for (const notice of this.#notices.rest(this.#clock.monotonic())) this.#view.notice(notice);
    const latest = this.#latest();
    if (latest !== null) this.#series.add(latest.run);
    this.#view.end(latest, summary, this.#series.samples());
  }

  samples(): Sample[] {
    return this.#series.samples();
  }

  #latest(): { run: Snapshot; pace: LoadPace } | null {
    if (this.#snapshot === null) return null;
    const run = this.#snapshot();
    this.#recent = remember(this.#recent, run);
    return { run, pace: pace(this.#recent) };
  }
}
