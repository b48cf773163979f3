import { expect, test } from 'vitest';
import { helpGroups, renderExitCodes } from '../../../src/config/help/documentation.js';
import { outcomeNames } from '../../../src/core/outcomes.js';
import { options } from '../../../src/load/option-table.js';

test('the help shows every option once', () => {
  const rows = helpGroups(options).flatMap(({ rows }) => rows);
  expect(rows).toHaveLength(options.rows.length);
  expect(rows.map(({ flags }) => flags)).toContain('--memory-limit <size|n%>');
});

test('the table of exit codes has a row for each outcome', () => {
  expect(renderExitCodes().split('\n')).toHaveLength(2 + outcomeNames.length);
  expect(renderExitCodes()).toContain('| 130, 141, 143 | `interrupted` |');
});
