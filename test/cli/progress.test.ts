// `--progress json`, as the manual describes it.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lines, scene } from '../support/scene.js';

type Event = Record<string, unknown> & { event: string };

/** Expands the keys of a table row: `a.{b,c}` and `d`. */
function documented(row: string): string[] {
  return [...row.matchAll(/`([a-z]\w*[^`\s-]*)`/gi)].flatMap(([, key = '']) => {
    const [before = '', among, after = ''] = key.split(/\{(.*)\}/);
    return among === undefined ? [key] : among.split(',').map((name) => `${before}${name}${after}`);
  });
}

/** Lists the paths of all values; the summary counts as one value. */
function paths(value: unknown, at = ''): string[] {
  if (at === 'summary' || value === null || typeof value !== 'object') return [at];
  if (Array.isArray(value)) return value.flatMap((each) => paths(each, `${at}[]`));
  return Object.entries(value).flatMap(([key, each]) => paths(each, at === '' ? key : `${at}.${key}`));
}

test('the manual lists the keys of each event of --progress json, all of them and no others', async () => {
  const page = await readFile(join(import.meta.dirname, '../../src/manual/monitoring.md'), 'utf8');
  const table = page.split('<!-- progress -->')[1]!.split('<!-- /progress -->')[0]!;
  const rows = table.matchAll(/^\| (\w+) \| (.*) \|$/gm);
  const told = Object.fromEntries([...rows].map(([, event, keys = '']) => [event, documented(keys).toSorted()]));
  const it = await scene({ nodes: 2, script: { onWrite: () => ({ delayMs: 20 }) } });
  try {
    const input = await it.file('a.lp', `${lines(2000)}nonsense\n`);
    const args = ['--progress', 'json', '--log-level', 'debug', '--batch-points', '200', '--rate-points', '1500'];
    const { stderr, summary } = await it.load([...args, input]);
    const events = stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Event);
    const kinds = [...new Set(events.map(({ event }) => event))];
    const seen = kinds.map((kind) => {
      const all = events.filter(({ event }) => event === kind).flatMap((one) => paths(one));
      return [kind, [...new Set(all)].filter((path) => path !== 'event').toSorted()];
    });
    expect(Object.fromEntries(seen)).toEqual(told);
    expect(events.at(-1)).toMatchObject({ event: 'end', summary });
  } finally {
    await it.end();
  }
});
