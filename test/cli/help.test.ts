import { describe, expect, test } from 'vitest';
import { commandExamples, generalExamples, groupExamples } from '../../src/cli/help/examples.js';
import { groups, helpGroups } from '../../src/config/help/documentation.js';
import { outcomes } from '../../src/core/outcomes.js';
import { options } from '../../src/load/option-table.js';
import { run } from '../support/programs/here.js';

const normal = (text: string): string => text.replace(/\s+/g, ' ');

test('--help starts with examples and shows every option once', async () => {
  const { code, stdout } = await run(['--help']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^Usage: bulk-load .*\n\nExamples:\n/);
  for (const { title, rows } of helpGroups(options)) {
    expect(stdout).toContain(`\n${title}:\n`);
    for (const { flags } of rows) expect(stdout.split(`\n  ${flags} `)).toHaveLength(2);
  }
});

test('help prints one group of options with examples', async () => {
  for (const group of groups) {
    const { code, stdout } = await run(['help', group]);
    expect([group, code]).toEqual([group, 0]);
    const { rows } = helpGroups(options)[groups.indexOf(group)]!;
    expect(stdout.match(/^ {2}--/gm)).toHaveLength(rows.length);
    for (const { description } of rows) expect(normal(stdout)).toContain(normal(description));
    for (const example of groupExamples[group]) expect(stdout).toContain(example);
  }
}, 60_000);

test('help prints the page of a command and recognizes a mistyped topic', async () => {
  expect((await run(['help', 'serve'])).stdout).toMatch(/^Usage: bulk-load serve .*--ready-file/s);
  const { code, stderr } = await run(['help', 'memry']);
  expect([code, stderr]).toEqual([2, expect.stringMatching(/did you mean memory\?/)]);
  expect((await run(['help', 'batches'])).stdout).toContain('--batch-bytes');
  const slip = await run(['--bacth-size', '3']);
  expect([slip.code, slip.stderr]).toEqual([
    2,
    `bulk-load: Nothing was sent: an option or an input is wrong (exit code 2).
  tried     option --bacth-size
  expected  an option of bulk-load
  found     an unknown name
  do        did you mean --batch-points?
`,
  ]);
});

test('the help names every exit code', async () => {
  const { stdout } = await run(['--help']);
  const codes = stdout.slice(stdout.indexOf('Exit codes:'));
  for (const code of [...Object.values(outcomes).map(({ exitCode }) => exitCode), 141, 143])
    expect(codes).toMatch(new RegExp(`\\b${code}\\b`));
});

describe('the examples of the help', () => {
  const known = new Set([
    ...options.rows.map(({ key }) => `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`),
    ...['--listen', '--data', '--ready-file', '--seed', '--repair', '--since', '--until'],
  ]);
  const all = [generalExamples, ...Object.values(groupExamples).flat(), ...Object.values(commandExamples).flat()].join(
    '\n',
  );

  test('name only existing options', () => {
    const named = [...all.matchAll(/(?<=\s)--[a-z][a-z-]*/g)].map(([flag]) => flag.replace(/^--no-/, '--'));
    expect(named.length).toBeGreaterThan(30);
    expect(named.filter((flag) => !known.has(flag))).toEqual([]);
  });
});
