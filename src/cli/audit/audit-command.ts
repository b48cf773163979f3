// `bulk-load audit INPUT…`: compares inputs and target in full.

import { isEqual } from '../../audit/audit.js';
import { describeSettings } from '../../config/help/describe.js';
import type { Resolved } from '../../config/resolve.js';
import type { Settings } from '../../config/settings.js';
import { UsageError } from '../../core/errors.js';
import { outcomes } from '../../core/outcomes.js';
import type { Problem } from '../../core/problem.js';
import { clock } from '../../core/time/system-clock.js';
import type { AuditReport, AuditSummary, Notice } from '../../core/types/index.js';
import { version } from '../../core/version.js';
import { memoryProbe } from '../../flow-control/own-memory/cgroup.js';
import { memoryLimit } from '../../flow-control/own-memory/memory-limit.js';
import { peakResident } from '../../flow-control/own-memory/resident.js';
import { expand } from '../../inputs/expand.js';
import { createTarget } from '../../load/create-target.js';
import { options as table } from '../../load/option-table.js';
import { auditText } from '../../reporting/audit-summary.js';
import { reporter } from '../../reporting/progress/reporter.js';
import { pageHead, prepareResults, summaryHead, writeResult } from '../../reporting/result-file.js';
import { summaryJson } from '../../reporting/summary.js';
import { refusePlan } from '../fleet/shard-run.js';
import { inputOptions } from '../input-options.js';
import { openCommand } from '../open-command.js';
import { runAllThenThrow, widthOf, writeOutput } from '../output/print.js';
import type { Process } from '../process.js';
import { onSignals } from '../signals.js';
import { auditOptions } from './audit-options.js';
import { runAuditOf } from './audit-run.js';

/** Returns exit code 0 if inputs and target are equal, otherwise 9. Throws the error that ends the audit. */
export async function runAudit(
  names: readonly string[],
  { repair, since, until, ...flags }: Readonly<Record<string, unknown>>,
  unmasked: Process,
): Promise<number> {
  const startedAt = new Date();
  const options = auditOptions({ repair, since, until });
  const { resolved, mask, process } = await openCommand(names, flags, unmasked);
  const { settings, warnings } = resolved;
  refusePlan(settings, 'audit');
  assertAuditable(settings);
  await prepareResults([
    [settings.summary, summaryHead],
    [settings.report, pageHead],
  ]);
  const { quiet, progress: form } = settings;
  const progress = await reporter(
    quiet || form === 'none' ? 'none' : form === 'json' ? 'json' : 'plain',
    {
      write: (text) => void process.stderr.write(text),
      columns: () => widthOf(process),
      color: false,
      reflows: true,
    },
    clock,
    settings.logLevel,
  );
  const notify = (notice: Notice): void => {
    if (!quiet) progress.notice(mask.deep(notice));
  };
  const { inputs, named, duplicates, leftOut } = await expand(names, inputOptions(settings, process, notify));
  for (const message of warnings) notify({ level: 'warn', kind: message, message });
  for (const message of [...leftOut, ...duplicates]) notify({ level: 'info', kind: message, message });
  const interruption = onSignals(process, (message) => notify({ level: 'warn', kind: 'signal', message }));
  const { stop, abort } = interruption;
  const created = { ...settings, createDb: false, dbOptions: null };
  const target = await createTarget(created, {
    ...{ version: version(), clock, notify, inputs, stdout: process.stdout, env: process.env },
  });
  const limit = memoryLimit(settings.memoryLimit, memoryProbe());
  const loadingPage = loadPage(settings);
  try {
    const run = { settings: created, options, inputs, named, target, limitBytes: limit.bytes, stop, abort, notify };
    const report = mask.deep(await runAuditOf(run));
    const summary = summaryOf(report, startedAt, limit.bytes);
    progress.finish(null);
    const isSilent = form === 'json' || (quiet && summary.exitCode === 0);
    if (!isSilent) process.stderr.write(auditText(summary, widthOf(process)));
    await runAllThenThrow([
      () => writeOutput(settings.summary, summaryJson(summary), process),
      () => writePage(loadingPage, summary, resolved, target.traits.title),
    ]);
    return summary.exitCode;
  } finally {
    progress.finish(null);
    interruption.end();
    await target.close();
  }
}

function summaryOf(report: AuditReport, startedAt: Date, limitBytes: number): AuditSummary {
  const outcome = isEqual(report) ? 'complete' : 'verify-failed';
  const endedAt = new Date();
  return {
    formatVersion: 1,
    version: version(),
    outcome,
    exitCode: outcomes[outcome].exitCode,
    startedAt: startedAt.toISOString(),
    endedAt: endedAt.toISOString(),
    seconds: (endedAt.getTime() - startedAt.getTime()) / 1000,
    ...report,
    memory: { limitBytes, peakRssBytes: peakResident() },
  };
}

/** Throws UsageError for options that an audit cannot use. */
function assertAuditable({ missingTimestamp, dryRun }: Settings): void {
  const problem = (tried: string, expected: string): Problem[] => [
    { tried, expected, found: 'an audit', fix: 'leave this option out' },
  ];
  const problems = [
    ...(missingTimestamp === 'now'
      ? problem(
          '--missing-timestamp now',
          'a load, because only a load generates timestamps, and an audit cannot know them',
        )
      : []),
    ...(dryRun === null
      ? []
      : problem('--dry-run', 'a load, because only a load writes points; an audit reads points from the target')),
  ];
  if (problems.length > 0) throw new UsageError(problems);
}

type LoadedPage = Promise<typeof import('../../reporting/html/audit-page.js')>;

/** Loads the code of the report at the start, because an update of bulk-load during the audit can remove this code. */
function loadPage({ report }: Settings): LoadedPage | null {
  if (report === null) return null;
  const loading = import('../../reporting/html/audit-page.js');
  loading.catch(() => {});
  return loading;
}

async function writePage(
  loading: LoadedPage | null,
  summary: AuditSummary,
  { settings, origins }: Resolved,
  title: string,
): Promise<void> {
  const { report, db, urls } = settings;
  if (report === null || loading === null) return;
  const { auditPage } = await loading;
  const page = auditPage({
    summary,
    database: db,
    target: title,
    urls: urls.map(({ shown }) => shown),
    settings: describeSettings(table, settings, origins),
  });
  await writeResult(report, page);
}
