// House law: the direction of imports between rooms, read from the sources themselves.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const src = fileURLToPath(new URL('../src', import.meta.url));
const shared = ['model', 'errors', 'bytes', 'packaged'];
const leaves = [
  'settings',
  'input',
  'format',
  'schema',
  'batch',
  'target',
  'deliver',
  'pressure',
  'ledger',
  'state',
  'report',
  'serve',
  'compat',
];
const runs = ['load', 'check'];
/** Parts of the load, on pages of their own. */
const parts = ['reading', 'sending', 'account', 'target-side', 'continuing', 'verify', 'inferred'];
const factories = ['clock', 'version', 'targets', 'bare-target', 'input'];
const allowed: Record<string, readonly string[]> = {
  model: ['errors'],
  errors: [],
  bytes: [],
  packaged: [],
  plan: shared,
  'plan-target': shared,
  clock: shared,
  version: ['packaged'],
  'bare-target': shared,
  // How much a target may answer is a matter of memory.
  targets: [...shared, 'memory', 'settings', 'target'],
  ...Object.fromEntries(leaves.map((room) => [room, shared])),
  formats: [...shared, 'format', 'row-formats', 'settings'],
  'row-formats': [...shared, 'format', 'settings'],
  memory: [...shared, 'plan', 'input', 'batch', 'formats', 'pressure', 'settings'],
  outlook: [...shared, 'plan-target', 'input', 'settings', 'target'],
  ...Object.fromEntries(
    [...runs, ...parts].map((run) => [
      run,
      [
        ...shared,
        'plan',
        'plan-target',
        'formats',
        'memory',
        'outlook',
        ...parts,
        ...leaves.filter((room) => room !== 'serve' && room !== 'compat'),
      ],
    ]),
  ),
  index: ['load', ...shared, ...factories, 'settings'],
  cli: [...runs, ...shared, ...factories, 'settings', 'report', 'serve', 'compat'],
};

function files(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === 'assembly') return []; // compiled by asc, imports nothing of ours
    const path = join(folder, entry.name);
    return entry.isDirectory() ? files(path) : path.endsWith('.ts') ? [path] : [];
  });
}

function imports(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  const found = text.matchAll(
    /(?:^|[\s;])(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]|\bimport\s*\(?\s*['"]([^'"]+)['"]/g,
  );
  return [...found].map((match) => match[1] ?? match[2] ?? '').filter((name) => name.startsWith('.'));
}

/** First path segment below src: a room's folder, or a root file without its ending. */
function room(file: string): string {
  return relative(src, file).split('/')[0]?.replace(/\.ts$/, '') ?? '';
}

const edges = files(src).flatMap((file) =>
  imports(file).map((name) => ({ file, to: resolve(dirname(file), name).replace(/\.js$/, '.ts') })),
);

test('every import between rooms follows the house direction', () => {
  const wrong = edges
    .filter(({ file, to }) => room(file) !== room(to) && !(allowed[room(file)] ?? []).includes(room(to)))
    .map(({ file, to }) => `${relative(src, file)} imports ${relative(src, to)}`);
  expect(wrong).toEqual([]);
});

test('the test reads the imports at all', () => {
  expect(edges.length).toBeGreaterThan(0);
  expect(
    files(src)
      .map(room)
      .filter((name) => !(name in allowed)),
  ).toEqual([]);
});

test('no two files import each other, directly or around', () => {
  const next = new Map<string, string[]>();
  for (const { file, to } of edges) next.set(file, [...(next.get(file) ?? []), to]);
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file))
      throw new Error(`cycle: ${[...path, file].map((each) => relative(src, each)).join(' → ')}`);
    if (done.has(file)) return;
    for (const to of next.get(file) ?? []) visit(to, [...path, file]);
    done.add(file);
  };
  for (const file of next.keys()) visit(file, []);
});
