// `bulk-load check`: prints a page to stderr with everything that can be known before a load.

import { describeSettings } from '../../config/help/describe.js';
import { outcomes } from '../../core/outcomes.js';
import { clock } from '../../core/time/system-clock.js';
import { version } from '../../core/version.js';
import { expand } from '../../inputs/expand.js';
import { type CheckReport, check } from '../../load/check.js';
import { createTarget } from '../../load/create-target.js';
import { settingsByDatabase } from '../../load/load-databases.js';
import { options } from '../../load/option-table.js';
import { prepareResults, summaryHead } from '../../reporting/result-file.js';
import { queueFacts } from '../fleet/open-fleet.js';
import { refusePlan } from '../fleet/shard-run.js';
import { inputOptions } from '../input-options.js';
import { openCommand } from '../open-command.js';
import { widthOf, writeOutput } from '../output/print.js';
import type { Process } from '../process.js';
import { onSignals } from '../signals.js';
import { checkPage } from './check-page.js';

/** Returns the exit code with which a load would end. */
export async function runCheck(
  names: readonly string[],
  flags: Readonly<Record<string, unknown>>,
  unmasked: Process,
): Promise<number> {
  const { resolved, mask, process } = await openCommand(names, flags, unmasked);
  const { settings, origins, warnings } = resolved;
  const { summary } = settings;
  refusePlan(settings, 'check');
  await prepareResults([[summary, summaryHead]]);
  const from = inputOptions(settings, process, () => {});
  const { inputs, duplicates, leftOut } =
    names.length === 0 && !from.stdin.isPipeOrFile
      ? { inputs: [], duplicates: [], leftOut: [] }
      : await expand(names, from);
  const interruption = onSignals(process, () => {});
  const reports: CheckReport[] = [];
  const queue = settings.queue === null ? {} : { queue: () => queueFacts(resolved, inputs, process.cwd()) };
  try {
    for (const each of settingsByDatabase(settings)) {
      const target = await createTarget(
        { ...each, createDb: false, dbOptions: null },
        { version: version(), clock, notify: () => {}, inputs, stdout: process.stdout, env: process.env },
      );
      const report = await check(each, { inputs, target, ...queue, signal: interruption.stop });
      reports.push(report);
      const page = checkPage(
        {
          report,
          settings: each,
          descriptions: describeSettings(options, each, origins),
          warnings: report.unused === null ? warnings : [...warnings, report.unused],
          leftOut: [...leftOut, ...duplicates],
          traits: target.traits,
        },
        widthOf(process),
      );
      if (!settings.quiet || report.outcome !== 'complete')
        process.stderr.write(page.map((line) => `${line}\n`).join(''));
    }
    // A load stops at the first database with a problem, so the summary describes this database.
    const report = reports.find(({ outcome }) => outcome !== 'complete') ?? reports.at(-1)!;
    await writeOutput(summary, mask.text(reportJson(report)), process);
    return outcomes[report.outcome].exitCode;
  } finally {
    interruption.end();
  }
}

/** Returns the report as JSON. Timestamps are text, because JSON numbers cannot represent them exactly. */
function reportJson({ outcome, memory, target, queue, inputs, problems }: CheckReport): string {
  const report = {
    formatVersion: 1,
    outcome,
    exitCode: outcomes[outcome].exitCode,
    memory,
    target,
    queue,
    inputs,
    problems: problems.map((problem) => ({ outcome: problem.outcome, message: problem.message })),
  };
  return `${JSON.stringify(report, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value), 2)}\n`;
}
