// What the documentation says of the package, against the package.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const read = (name: string): string => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
const { dependencies, scripts, engines, version } = JSON.parse(read('package.json'));
const readme = read('README.md');

test('the guide for contributors justifies each runtime dependency, and no other', () => {
  const table = /<!-- dependencies -->([\s\S]*)<!-- \/dependencies -->/.exec(read('.github/CONTRIBUTING.md'))![1]!;
  const named = [...table.matchAll(/^\| (`.*?`) \|/gm)].flatMap(([, cell]) => cell!.split(', '));
  expect(named.map((name) => name.replaceAll('`', '')).sort()).toEqual(Object.keys(dependencies).sort());
});

test('every dependency is pinned, and nothing runs when the package is installed', () => {
  expect(Object.values(dependencies).filter((range) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(String(range)))).toEqual([]);
  expect(Object.keys(scripts).filter((name) => /^(?:(?:pre|post)?install|prepare)$/.test(name))).toEqual([]);
});

test('the README names the oldest Node that is allowed', () => {
  expect(engines.node).toBe('>=20.19');
  expect(readme).toContain('Node 20.19 or newer');
});

test('the README is a front page of at most 200 lines', () => {
  expect(readme.split('\n').length).toBeLessThanOrEqual(201);
});

test('README and changelog name the version of the package', () => {
  expect(readme).toContain(`./bulk-load-${version}.tgz`);
  expect(read('CHANGELOG.md')).toMatch(
    new RegExp(`^# Changelog[\\s\\S]*?\n## \\[${version.replaceAll('.', '\\.')}\\] - \\d{4}-\\d\\d-\\d\\d\n`),
  );
});
