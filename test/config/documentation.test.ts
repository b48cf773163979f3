import { expect, test } from 'vitest';
import { helpGroups, renderExitCodes } from '../../src/config/documentation.js';
import { options } from '../../src/config/options.js';
import { outcomeNames } from '../../src/core/outcomes.js';

test('the help shows every option once', () => {
  const rows = helpGroups().flatMap(({ rows }) => rows);
  expect(rows).toHaveLength(options.length);
  expect(rows.map(({ flags }) => flags)).toContain('--memory-limit <size|n%>');
});

test('the table of exit codes has a row for each outcome', () => {
  expect(renderExitCodes().split('\n')).toHaveLength(2 + outcomeNames.length);
  expect(renderExitCodes()).toContain('| 130, 141, 143 | `interrupted` |');
});
