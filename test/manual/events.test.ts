// The events of `--progress json`: the manual lists the keys that a run prints.

import { expect, test } from 'vitest';
import { lines, scene } from '../support/scene.js';
import { expectSection } from './example-pages.js';

type Event = Record<string, unknown> & { event: string };

/** Paths to every value that is no object, names of one object in braces: `points.{read,loaded}`. */
function paths(value: object, at: string): string[] {
  const entries = Object.entries(value).filter(([key]) => at !== '' || key !== 'event');
  const isLeaf = ([key, each]: [string, unknown]): boolean =>
    key === 'summary' ||
    each === null ||
    typeof each !== 'object' ||
    typeof (Array.isArray(each) ? each[0] : 0) === 'string';
  const leaves = entries.filter(isLeaf).map(([key, each]) => (Array.isArray(each) ? `${key}[]` : key));
  const joined =
    leaves.length > 1 && at !== ''
      ? [`${at}.{${leaves.join(',')}}`]
      : leaves.map((key) => (at === '' ? key : `${at}.${key}`));
  const nested = entries
    .filter((entry) => !isLeaf(entry))
    .flatMap(([key, each]) => {
      const path = at === '' ? key : `${at}.${key}`;
      return Array.isArray(each) ? paths(Object.assign({}, ...each), `${path}[]`) : paths(each as object, path);
    });
  return [...joined, ...nested];
}

test('the manual lists the keys of each event of --progress json, all of them and no others', async () => {
  const it = await scene({ nodes: 2, script: { onWrite: () => ({ delayMs: 20 }) } });
  const input = await it.file('a.lp', `${lines(2000)}nonsense\n`);
  const args = ['--progress', 'json', '--log-level', 'debug', '--batch-points', '200', '--rate-points', '1500'];
  const { stderr, summary } = await it.load([...args, input]);
  await it.end();
  const events = stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Event);
  // The peak of memory is read anew for each output, because writing a large summary may raise the peak.
  const memory = { ...(summary as { memory: object }).memory, peakRssBytes: expect.any(Number) };
  expect(events.at(-1)).toMatchObject({ event: 'end', summary: { ...summary, memory } });
  const kinds = ['start', 'progress', 'notice', 'end'];
  expect([...new Set(events.map(({ event }) => event))].sort()).toEqual([...kinds].sort());
  const rows = kinds.map((kind) => {
    const all: object = Object.assign({}, ...events.filter(({ event }) => event === kind));
    return `| ${kind} | ${paths(all, '')
      .map((path) => `\`${path}\``)
      .join(', ')} |`;
  });
  await expectSection(
    'src/manual/monitoring.md',
    'events',
    ['| `event` | keys |', '| --- | --- |', ...rows].join('\n'),
  );
});
