import { expect, test } from 'vitest';
import { limitingFactors } from '../../../src/core/limiting-factors.js';
import { type Outcome, outcomeNames, outcomeRow } from '../../../src/core/outcomes.js';
import { page } from '../../../src/reporting/html/report-page.js';
import { summaryText } from '../../../src/reporting/summary.js';
import { input, limitedBy, summaryOf } from '../samples.js';
import { hostile, nightFacts } from './facts.js';

const night = nightFacts();
const text = page(night);

/** Returns the visible text of a page, without tags. */
function words(of: string): string {
  return of
    .replace(/<style>.*?<\/style>/s, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');
}

test('the same facts make the same page', () => {
  expect(page(nightFacts())).toBe(text);
});

test('the page states how the load ended, what is loaded, and how to resume', () => {
  const read = words(text);
  expect(read).toContain('Stopped: the target did not acknowledge the points in time.');
  expect(read).toMatch(/481,554,129/);
  expect(read).toMatch(/Resume the load with this command\. A script may run the command/);
  expect(read).toContain('&#39;/srv/data/2022/**/*.lp.gz&#39;');
  expect(read).toContain('an estimate');
});

test('the page has a chart each of the rate, of our memory and of the memory of the fullest node', () => {
  const figures = text.match(/<figure>.*?<\/figure>/gs) ?? [];
  const charts = figures.filter((figure) => figure.includes('<svg'));
  expect(charts.map((chart) => /<strong>(.*?)<\/strong>/.exec(chart)?.[1])).toEqual(
    expect.arrayContaining([
      'Acknowledged points a second',
      'Resident memory of bulk-load',
      'Memory of the fullest node, an estimate',
    ]),
  );
});

test('hostile names add no element and no attribute to the page', () => {
  const harmless = JSON.parse(
    JSON.stringify(night, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value)),
    (_, value: unknown) => {
      if (typeof value !== 'string') return value;
      if (/^\d+n$/.test(value)) return BigInt(value.slice(0, -1));
      return hostile.reduce((clean, bad) => clean.replaceAll(bad, 'name'), value);
    },
  ) as typeof night;
  const tags = (of: string): string[] => of.match(/<[a-z/!][^>]*>/gi) ?? [];
  // Titles of pictures contain names, so only the number of attributes is compared.
  const bare = (of: string): string[] => tags(of).map((tag) => tag.replace(/"[^"]*"/g, '""'));
  expect(bare(text)).toEqual(bare(page(harmless)));
});

test('the page loads and runs nothing, and its policy forbids both', () => {
  expect(text).toMatch(
    /http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;; style-src &#39;sha256-/,
  );
  expect(text).not.toMatch(/<(script|link|img|iframe|object|embed|form|base|a)\b/i);
  expect(text).not.toMatch(/\s(style|src|href|on\w+)="/i);
  expect(text).not.toMatch(/url\(|@import|@font-face/);
});

test('the page of a run that read no input has no charts and states why', () => {
  const early = page({
    ...night,
    samples: [],
    particulars: null,
    examples: {},
    notices: [],
    summary: summaryOf({ outcome: 'refused', exitCode: 4, reason: 'signing in: refused', inputs: [] }),
  });
  expect(early).not.toContain('<figure');
  expect(words(early)).toContain('The run ended before it read an input.');
});

test('the page of a hundred thousand inputs stays below a megabyte', () => {
  const many = Array.from({ length: 100_000 }, (_, i) => input(`data/${i}.lp`, i === 77_777 ? { error: 'cut' } : {}));
  const large = page({ ...night, summary: { ...night.summary, inputs: many } });
  expect(large.length).toBeLessThan(1_000_000);
  const read = words(large);
  expect(read).toContain('and 99,800 more inputs without problems');
  expect(read).toContain('data/77777.lp');
});

test('the page ends with the name of the target and its version if known', () => {
  const end = (target: string, version: string | null): string =>
    words(page({ ...night, target, summary: summaryOf({ target: { ...summaryOf().target, version } }) }));
  expect(end('InfluxDB', '2.7.11')).toContain(', InfluxDB 2.7.11; ');
  expect(end('VictoriaMetrics', null)).toContain(', VictoriaMetrics; ');
});

test('the page of a complete load asks for nothing', () => {
  const good = words(page({ ...night, summary: summaryOf(), notices: [] }));
  expect(good).toContain('Complete: every point read was acknowledged.');
  expect(good).toContain('What to do Nothing.');
});

test('the page asks once to load the dead letters', () => {
  const rejected = (outcome: Outcome): string => {
    const summary = summaryOf({ outcome, points: { read: 3, loaded: 2, rejected: 1, undelivered: 0 } });
    return words(
      page({ ...night, summary: { ...summary, rejects: { ...summary.rejects, deadLetters: ['d.jsonl'] } } }),
    );
  };
  expect(rejected('complete-with-rejects').match(/load the dead letters/gi)).toHaveLength(1);
  expect(rejected('complete-with-rejects')).toContain('The dead letters (1 point): d.jsonl');
  expect(rejected('interrupted')).toContain('Fix and load the dead letters (1 point): d.jsonl');
});

test.each(outcomeNames)(
  'the page and the summary of outcome %s show the command that continues, and the advice',
  (outcome) => {
    const { advice, exitCode } = outcomeRow(outcome);
    for (const continueWith of ['bulk-load --db bench a.lp', null]) {
      const summary = summaryOf({ outcome, exitCode, reason: 'why', continueWith });
      for (const text of [words(page({ ...night, summary })), summaryText(summary)]) {
        expect(text.includes('bulk-load --db bench a.lp')).toBe(continueWith !== null);
        expect(text).toContain(advice ?? '');
      }
    }
  },
);

test.each([
  ['the input took less than a tenth of the time', { rateLimit: 11, input: 7, target: 0.1 }, ['the rate limit 11s']],
  ['the input took a tenth of the time', { rateLimit: 11, input: 9 }, ['the input 9.0s', 'the rate limit 11s']],
  ['nothing limited the load', {}, []],
])('the page and the summary name the same limiting factors if %s', (_, seconds, expected) => {
  const { pressure } = summaryOf();
  const summary = summaryOf({ pressure: { ...pressure, heldBackBy: limitedBy(seconds) } });
  const texts = [words(page({ ...night, samples: night.samples.slice(0, 2), summary })), summaryText(summary)];
  const named = texts.map((text) =>
    limitingFactors.flatMap(({ title }) => new RegExp(`${title} [\\d.]+s`).exec(text)?.[0] ?? []),
  );
  expect(named).toEqual([expected, expected]);
});
