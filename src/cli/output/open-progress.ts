// Chooses the form of the progress from the settings and the terminal, and opens the reporter.

import type { Settings } from '../../config/settings.js';
import { clock } from '../../core/time/system-clock.js';
import { wrapObject } from '../../core/wrap-object.js';
import { type Reporter, reporter } from '../../reporting/progress/reporter.js';
import type { Process } from '../process.js';
import { widthOf } from './print.js';

export async function openProgress(settings: Settings, { env, stderr }: Process): Promise<Reporter> {
  const terminal = stderr.isTTY === true;
  const auto = terminal && env.TERM !== 'dumb' ? 'bar' : 'plain';
  const mode = settings.quiet ? 'none' : settings.progress === 'auto' ? auto : settings.progress;
  const io = {
    write: (text: string): void => {
      stderr.write(text);
    },
    columns: () => widthOf({ stderr }),
    ...(terminal ? { terminal: stderr } : {}),
    color: terminal && !env.NO_COLOR && env.TERM !== 'dumb',
    // When a terminal becomes narrower, xterm and the Linux console cut long lines. Other terminals wrap long lines.
    reflows: env.XTERM_VERSION === undefined && env.TERM !== 'linux',
  };
  const progress = await reporter(mode, io, clock, settings.logLevel);
  // With --quiet, only the summary reports problems.
  return settings.quiet ? wrapObject(progress, { notice: () => {} }) : progress;
}
