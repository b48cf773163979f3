// `--report`: nothing of an older one is left from the start on, and the new one is there, whole, at the end.

import { describeSettings } from '../../config/help/describe.js';
import type { Origin, Settings } from '../../config/settings.js';
import type { Clock, Notice, Sample } from '../../core/types/index.js';
import { options } from '../../load/option-table.js';
import type { LoadResult } from '../../load/pipeline.js';
import { NoticeLog } from '../../reporting/notices.js';
import { pageHead, prepareResult, writeResult } from '../../reporting/result-file.js';
import { outletName } from './sink-name.js';

export interface Written {
  notice(notice: Notice): void;
  /** @param title what people call the kind of target. Throws StateError when it cannot be written. */
  end(result: LoadResult, samples: readonly Sample[], title: string): Promise<void>;
}

/** Nothing is collected or loaded unless it was asked for. Throws UsageError when the file cannot be written. */
export async function reportOf(
  settings: Settings,
  origins: Readonly<Record<keyof Settings, Origin>>,
  clock: Clock,
): Promise<Written> {
  const { report, db, urls, targetMemory, dryRun } = settings;
  if (report === null) return { notice: () => {}, end: () => Promise.resolve() };
  await prepareResult(report, pageHead);
  const log = new NoticeLog();
  const since = clock.monotonic();
  return {
    notice: (notice) => log.add(notice, (clock.monotonic() - since) / 1000),
    end: async ({ summary, particulars, examples }, samples, title) => {
      const { page } = await import('../../reporting/html/report-page.js');
      const text = page({
        summary,
        samples,
        particulars,
        examples: Object.fromEntries(examples),
        settings: describeSettings(options, settings, origins),
        database: db,
        target: title,
        urls: urls.map(({ shown }) => shown),
        writtenTo: outletName(dryRun),
        targetMemoryBytes: targetMemory,
        notices: log.all,
        moreNotices: log.more,
      });
      await writeResult(report, text, summary.outcome === 'busy');
    },
  };
}
