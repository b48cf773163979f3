// The HTML report of --report. An older report is removed at the start; the new report appears whole at the end.

import { describeSettings } from '../../config/help/describe.js';
import type { Resolved } from '../../config/resolve.js';
import type { Clock, Notice, Sample } from '../../core/types/index.js';
import { options } from '../../load/option-table.js';
import type { LoadResult } from '../../load/pipeline.js';
import { NoticeLog } from '../../reporting/notices.js';
import { writeResult } from '../../reporting/result-file.js';
import { outputName } from './print.js';

export interface ReportOutput {
  notice(notice: Notice): void;
  /**
   * Writes the report. Throws StateError if the file cannot be written.
   * @param title name of the kind of target
   */
  end(result: LoadResult, samples: readonly Sample[], title: string): Promise<void>;
}

/** Opens the report for a file that `prepareResults` has checked. Collects nothing without --report. */
export function openReport({ settings, origins }: Resolved, clock: Clock): ReportOutput {
  const { report, db, urls, targetMemory, dryRun } = settings;
  if (report === null) return { notice: () => {}, end: () => Promise.resolve() };
  const log = new NoticeLog();
  const startMs = clock.monotonic();
  // The module is loaded at the start, because an update of bulk-load during the load can remove the module.
  const loading = import('../../reporting/html/report-page.js');
  loading.catch(() => {});
  return {
    notice: (notice) => log.add(notice, (clock.monotonic() - startMs) / 1000),
    end: async ({ summary, details, examples }, samples, title) => {
      const { page } = await loading;
      const text = page({
        summary,
        samples,
        particulars: details,
        examples: Object.fromEntries(examples),
        settings: describeSettings(options, settings, origins),
        database: db,
        target: title,
        urls: urls.map(({ shown }) => shown),
        writtenTo: outputName(dryRun),
        targetMemoryBytes: targetMemory,
        notices: log.all,
        moreNotices: log.more,
      });
      await writeResult(report, text, summary.outcome === 'busy');
    },
  };
}
