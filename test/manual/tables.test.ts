// Tables of the manual that derive from the code. `npm run docs` writes them.

import { test } from 'vitest';
import { renderExitCodes, renderOptionsTable } from '../../src/config/help/documentation.js';
import { outcomeNames, outcomeRow } from '../../src/core/outcomes.js';
import { formats } from '../../src/formats/registry.js';
import { options } from '../../src/load/option-table.js';
import { figures } from '../../src/reporting/figures.js';
import { RunMetrics } from '../../src/reporting/metrics/metrics.js';
import { pace } from '../../src/reporting/progress/pace.js';
import { targetKinds } from '../../src/targets/registry.js';
import { snapshotAt, summaryOf } from '../reporting/samples.js';
import { expectSection } from './example-pages.js';

const tables: readonly (readonly [page: string, name: string, render: () => string | Promise<string>])[] = [
  ['src/manual/formats.md', 'formats', formatsTable],
  ['src/manual/targets.md', 'targets', targetsTable],
  ['src/manual/options.md', 'options', () => renderOptionsTable(options)],
  ['src/manual/operations.md', 'exit-codes', renderExitCodes],
  ['src/manual/recipes.md', 'retry', retrySentence],
  ['src/manual/monitoring.md', 'metrics', metricsTable],
  ['src/manual/monitoring.md', 'figures', figuresTable],
];

test.each(tables)('%s shows the %s of the code', async (page, name, render) => {
  await expectSection(page, name, await render());
});

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function formatsTable(): string {
  const rows = formats.map(({ name, title, extensions }) => [
    `\`${name}\``,
    title,
    extensions.map((extension) => `\`.${extension}\``).join(', '),
  ]);
  return table(['`--format`', 'format', 'file names'], rows);
}

function targetsTable(): string {
  const rows = targetKinds.map(({ kind, title, defaultPort }) => [`\`${kind}\``, title, String(defaultPort)]);
  return table(['`--target`', 'server', 'usual port'], rows);
}

/** Figures of the progress event; others appear on the report page only. A metric of labels is one text in JSON. */
function figuresTable(): string {
  const run = snapshotAt(5);
  const shown = figures.filter(({ read }) => read === undefined || read(run, pace([run])) !== undefined);
  return table(
    ['key', 'unit', 'meaning'],
    shown.map(({ key, unit, title }) => [
      `\`${key}\``,
      unit,
      title.replace(/^1 for the (.)/, (_, letter) => letter.toUpperCase()),
    ]),
  );
}

function retrySentence(): string {
  const others = outcomeNames.filter((name) => name !== 'interrupted').map((name) => outcomeRow(name));
  const codes = others.filter(({ retryUnattended }) => retryUnattended === true);
  const list = codes.map(({ exitCode }) => exitCode).join(', ');
  return `After exit code ${list.replace(/, (\d+)$/, ' or $1')}, run the same command again: the load resumes.`;
}

/** One row for each metric, from what a scrape returns. */
async function metricsTable(): Promise<string> {
  const metrics = new RunMetrics({ version: '', database: '' });
  metrics.watch(() => snapshotAt(1, { fleet: { workers: 1, pieces: { settled: 1, active: 1, waiting: 1 } } }));
  metrics.end(summaryOf());
  const text = await metrics.text();
  const rows = [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\w+)\n(?:\S+?(?:\{(.*)\})? \S+$)?/gm)].map(
    ([, name, help, type, labels = '']) => {
      const names = [...labels.matchAll(/(\w+)="/g)].map(([, label]) => `\`${label}\``);
      return [`\`${name}\``, type!, names.join(', '), help!];
    },
  );
  return table(['metric', 'type', 'labels', 'meaning'], rows);
}
