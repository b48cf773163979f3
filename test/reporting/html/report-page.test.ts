import { expect, test } from 'vitest';
import { page } from '../../../src/reporting/html/report-page.js';
import { input, summaryOf } from '../samples.js';
import { hostile, nightFacts } from './facts.js';

const night = nightFacts();
const text = page(night);

/** What would be read, without tags. */
function words(of: string): string {
  return of
    .replace(/<style>.*?<\/style>/s, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');
}

test('the same facts are the same page', () => {
  expect(page(nightFacts())).toBe(text);
});

test('it says how the load ended, what of it is there, and how to go on', () => {
  const read = words(text);
  expect(read).toContain('Stopped: the target did not acknowledge the points in time.');
  expect(read).toMatch(/481,554,129/);
  expect(read).toMatch(/Continue with this command/);
  expect(read).toContain('&#39;/srv/data/2022/**/*.lp.gz&#39;');
  expect(read).toContain('an estimate');
});

test('whatever names hold, the page has the elements that it has with harmless ones', () => {
  const harmless = JSON.parse(
    JSON.stringify(night, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value)),
    (_, value: unknown) => {
      if (typeof value !== 'string') return value;
      if (/^\d+n$/.test(value)) return BigInt(value.slice(0, -1));
      return hostile.reduce((clean, bad) => clean.replaceAll(bad, 'name'), value);
    },
  ) as typeof night;
  const tags = (of: string): string[] => of.match(/<[a-z/!][^>]*>/gi) ?? [];
  // Titles of pictures hold names, too: only how many attributes there are is compared.
  const bare = (of: string): string[] => tags(of).map((tag) => tag.replace(/"[^"]*"/g, '""'));
  expect(bare(text)).toEqual(bare(page(harmless)));
});

test('nothing in it is fetched or run, and its policy forbids both', () => {
  expect(text).toMatch(
    /http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;; style-src &#39;sha256-/,
  );
  expect(text).not.toMatch(/<(script|link|img|iframe|object|embed|form|base|a)\b/i);
  expect(text).not.toMatch(/\s(style|src|href|on\w+)="/i);
  expect(text).not.toMatch(/url\(|@import|@font-face/);
});

test('a run that ended before anything was read has no pictures, and says so', () => {
  const early = page({
    ...night,
    samples: [],
    particulars: null,
    examples: {},
    said: [],
    summary: summaryOf({ outcome: 'refused', exitCode: 4, reason: 'signing in — refused', inputs: [] }),
  });
  expect(early).not.toContain('<figure');
  expect(words(early)).toContain('It ended before anything was read.');
});

test('a hundred thousand inputs and all that can be told of them stay a page', () => {
  const many = Array.from({ length: 100_000 }, (_, i) => input(`data/${i}.lp`, i === 77_777 ? { error: 'cut' } : {}));
  const large = page({ ...night, summary: { ...night.summary, inputs: many } });
  expect(large.length).toBeLessThan(1_000_000);
  const read = words(large);
  expect(read).toContain('and 99,800 more inputs, without trouble');
  expect(read).toContain('data/77777.lp');
});

test('at its end it names the target, with the version where that is known', () => {
  const end = (target: string, version: string | null): string =>
    words(page({ ...night, target, summary: summaryOf({ target: { ...summaryOf().target, version } }) }));
  expect(end('InfluxDB', '2.7.11')).toContain(', InfluxDB 2.7.11; ');
  expect(end('VictoriaMetrics', null)).toContain(', VictoriaMetrics; ');
});

test('a complete load asks for nothing', () => {
  const good = words(page({ ...night, summary: summaryOf(), said: [] }));
  expect(good).toContain('Complete: every point read was acknowledged.');
  expect(good).toContain('What to do Nothing.');
});
