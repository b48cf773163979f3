// Tables of the manual that derive from the code. `npm run docs` writes them.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { renderExitCodes, renderOptionsTable } from '../../src/config/help/documentation.js';
import { outcomeNames, outcomeRow } from '../../src/core/outcomes.js';
import { options } from '../../src/load/option-table.js';
import { RunMetrics } from '../../src/reporting/metrics.js';
import { snapshotAt, summaryOf } from '../reporting/samples.js';
import { readPage, rewrites, root, section, withSection } from '../support/manual.js';

const tables: readonly (readonly [page: string, name: string, render: () => string | Promise<string>])[] = [
  ['src/manual/options.md', 'options', () => renderOptionsTable(options)],
  ['src/manual/operations.md', 'exit-codes', renderExitCodes],
  ['src/manual/recipes.md', 'retry', retrySentence],
  ['src/manual/monitoring.md', 'metrics', metricsTable],
];

test.each(tables)('%s shows the %s of the code', async (page, name, render) => {
  const text = await render();
  if (rewrites) await writeFile(join(root, page), withSection(await readPage(page), name, text));
  expect(section(await readPage(page), name)).toBe(text);
});

function retrySentence(): string {
  const others = outcomeNames.filter((name) => name !== 'interrupted').map((name) => outcomeRow(name));
  const codes = others.filter(({ retryUnattended }) => retryUnattended === true);
  const list = codes.map(({ exitCode }) => exitCode).join(', ');
  return `Exit codes ${list.replace(/, (\d+)$/, ' and $1')} allow another run with the same command, which resumes the load.`;
}

/** One row for each metric, from what a scrape returns. */
async function metricsTable(): Promise<string> {
  const metrics = new RunMetrics({ version: '', database: '' });
  metrics.watch(() => snapshotAt(1));
  metrics.end(summaryOf());
  const text = await metrics.text();
  const rows = [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\w+)\n(?:\S+?(?:\{(.*)\})? \S+$)?/gm)].map(
    ([, name, help, type, labels = '']) => {
      const names = [...labels.matchAll(/(\w+)="/g)].map(([, label]) => `\`${label}\``);
      return `| \`${name}\` | ${type} | ${names.join(', ')} | ${help} |`;
    },
  );
  return ['| metric | type | labels | meaning |', '| --- | --- | --- | --- |', ...rows].join('\n');
}
