// `bulk-load check`: what a person wants to know before a long load, in one page on stderr.

import { describeSettings } from '../../config/help/describe.js';
import { resolve } from '../../config/resolve.js';
import { outcomes } from '../../core/outcomes.js';
import { clock } from '../../core/system-clock.js';
import { version } from '../../core/version.js';
import { expand } from '../../inputs/expand.js';
import { type CheckReport, check } from '../../load/check.js';
import { createTarget } from '../../load/create-target.js';
import { options } from '../../load/option-table.js';
import { prepareResult, writeResult } from '../../reporting/result-file.js';
import { print } from '../output/print.js';
import { widthOf } from '../output/terminal-width.js';
import type { Process } from '../process.js';
import { remoteOptions } from '../remote-options.js';
import { onSignals } from '../signals.js';
import { standardInput } from '../stdin.js';
import { checkPage } from './check-page.js';

/** Returns the code that a load would end with. */
export async function runCheck(
  names: readonly string[],
  flags: Record<string, unknown>,
  process: Process,
): Promise<number> {
  const { settings, origins, warnings } = await resolve(options, { flags, env: process.env });
  if (settings.summary !== null && settings.summary !== '-') await prepareResult(settings.summary);
  const stdin = standardInput(process);
  const { inputs, duplicates, leftOut } =
    names.length === 0 && !stdin.isPipeOrFile
      ? { inputs: [], duplicates: [], leftOut: [] }
      : await expand(names, {
          stdin,
          cwd: process.cwd(),
          stateDir: settings.stateDir,
          remote: remoteOptions(settings, process, () => {}),
        });
  const interruption = onSignals(process, () => {});
  const target = await createTarget(
    { ...settings, createDb: false, dbOptions: null },
    { version: version(), clock, notify: () => {}, inputs, stdout: process.stdout },
  );
  try {
    const report = await check(settings, { inputs, target, signal: interruption.stop });
    const code = outcomes[report.outcome].exitCode;
    const told = describeSettings(options, settings, origins);
    const { unused } = report;
    const facts = {
      report,
      settings,
      told,
      warnings: unused === null ? warnings : [...warnings, unused],
      duplicates: [...leftOut, ...duplicates],
      traits: target.traits,
    };
    const lines = checkPage(facts, widthOf(process));
    if (!settings.quiet || code !== 0) process.stderr.write(lines.map((line) => `${line}\n`).join(''));
    if (settings.summary === '-') await print(process, reportJson(report));
    else if (settings.summary !== null) await writeResult(settings.summary, reportJson(report));
    return code;
  } finally {
    interruption.end();
  }
}

/** For machines: the report as it is, timestamps as text since they do not fit a JSON number. */
function reportJson({ outcome, memory, target, inputs, problems }: CheckReport): string {
  const said = problems.map((problem) => ({ outcome: problem.outcome, message: problem.message }));
  const report = {
    formatVersion: 1,
    outcome,
    exitCode: outcomes[outcome].exitCode,
    memory,
    target,
    inputs,
    problems: said,
  };
  return `${JSON.stringify(report, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value), 2)}\n`;
}
