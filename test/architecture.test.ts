// The rules of the house, read from the sources themselves: which room imports which, no cycles, no name twice.

import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const src = fileURLToPath(new URL('../src', import.meta.url));

/** Rooms that connect the others. Every other room imports `core` and itself. */
const connecting = ['load', 'cli', 'index'];

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

/** The first path segment below src: a folder, or a file without its extension. */
function room(file: string): string {
  return relative(src, file).split('/')[0]?.replace(/\.ts$/, '') ?? '';
}

const sources = files(src);
const edges = sources.flatMap((file) =>
  imports(file).map((name) => ({ file, to: resolve(dirname(file), name).replace(/\.js$/, '.ts') })),
);

test('rooms import core and nothing else of each other', () => {
  const allowed = (from: string, to: string): boolean => from === to || to === 'core' || connecting.includes(from);
  const wrong = edges
    .filter(({ file, to }) => !allowed(room(file), room(to)))
    .map(({ file, to }) => `${relative(src, file)} imports ${relative(src, to)}`);
  expect(wrong).toEqual([]);
});

test('core imports no other room, and no room imports cli or index', () => {
  const wrong = edges.filter(
    ({ file, to }) =>
      (room(file) === 'core' && room(to) !== 'core') ||
      (['cli', 'index'].includes(room(to)) && room(file) !== room(to)),
  );
  expect(wrong.map(({ file, to }) => `${relative(src, file)} imports ${relative(src, to)}`)).toEqual([]);
});

test('every import between files is found', () => {
  expect(edges.length).toBeGreaterThan(500);
  expect(sources.length).toBeGreaterThan(200);
});

test('only index.ts, types.ts and registry.ts are names of several files', () => {
  const names = sources.map((file) => basename(file)).filter((name) => !/^(index|types|registry)\.ts$/.test(name));
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});

test('no two files import each other, directly or through others', () => {
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

test('a type, class or interface has one declaration in the whole project', () => {
  const names = sources.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/^(?:export )?(?:abstract )?(?:type|interface|class) (\w+)/gm)].map(
      (match) => match[1]!,
    ),
  );
  expect(names.length).toBeGreaterThan(300);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});
