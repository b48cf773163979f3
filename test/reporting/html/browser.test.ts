// The report page in a real browser, in three widths, light and dark, and printed. It must neither overflow nor load
// anything nor log errors. Screenshots stay in a temporary folder.

import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { page } from '../../../src/reporting/html/report-page.js';
import { hostile, nightFacts } from './facts.js';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const missing = !existsSync(executablePath);
if (missing) process.stderr.write(`\n${executablePath} is missing: the report is NOT tested in a browser\n\n`);

const args = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];
let profile: string;
let folder: string;
let browser: BrowserContext;
let tab: Page;
let address: string;
const complaints: string[] = [];
const requests: string[] = [];

beforeAll(async () => {
  if (missing) return;
  profile = await mkdtemp(join(tmpdir(), 'bulk-load-chromium-'));
  folder = await mkdtemp(join(tmpdir(), 'bulk-load-report-'));
  const file = join(folder, 'report.html');
  await writeFile(file, page(nightFacts()));
  address = pathToFileURL(file).href;
  browser = await chromium.launchPersistentContext(profile, { executablePath, headless: true, args });
  tab = await browser.newPage();
  tab.on('console', (message) => complaints.push(message.text()));
  tab.on('pageerror', (error) => complaints.push(error.message));
  tab.on('dialog', (dialog) => complaints.push(dialog.message()));
  tab.on('request', (request) => requests.push(request.url()));
}, 60_000);

afterAll(async () => {
  if (missing) return;
  await browser.close();
  await rm(profile, { recursive: true, force: true });
  process.stderr.write(`screenshots of the report: ${folder}\n`);
});

// Scripts for the page, as text: this project has no browser types.
const layout = `(() => {
  const shown = (selector) => [...document.querySelectorAll(selector)].filter((each) => each.getClientRects().length > 0).length;
  const beyond = [...document.querySelectorAll('main *:not(caption):not(thead):not(thead *)')]
    .map((each) => each.tagName + ' ' + each.getBoundingClientRect().right)
    .filter((each) => Number(each.split(' ')[1]) > window.innerWidth + 0.5);
  return {
    width: document.documentElement.scrollWidth,
    beyond,
    wide: shown('svg.wide'),
    narrow: shown('svg.narrow'),
    paper: getComputedStyle(document.body).backgroundColor,
    scripts: document.scripts.length,
  };
})()`;
const names = `[...document.querySelectorAll('bdi')].map(({ textContent }) => textContent)`;
const titles = `[...document.querySelectorAll('svg[role=img]')].map((svg) => svg.getAttribute('aria-label') ?? '')`;
/** Finds text colours with too little contrast to the background. */
const faint = `(() => {
  const light = (color) => {
    const [r, g, b] = color.match(/[\\d.]+/g).slice(0, 3).map((part) => {
      const share = Number(part) / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const paper = light(getComputedStyle(document.body).backgroundColor);
  const ratio = (color) => (Math.max(light(color), paper) + 0.05) / (Math.min(light(color), paper) + 0.05);
  const colors = [...document.querySelectorAll('main *')]
    .filter((each) => each.tagName !== 'title' && [...each.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()))
    .map((each) => (each instanceof SVGElement ? getComputedStyle(each).fill : getComputedStyle(each).color));
  return { texts: colors.length, faint: [...new Set(colors)].filter((color) => ratio(color) < 4.5) };
})()`;

const sizes = [390, 1024, 1600].flatMap((width) =>
  (['light', 'dark'] as const).map((scheme) => [width, scheme] as const),
);

test.skipIf(missing).each(sizes)(
  'the page fits a window of %d px (%s), logs nothing and loads nothing',
  async (width, scheme) => {
    complaints.length = 0;
    requests.length = 0;
    await tab.emulateMedia({ colorScheme: scheme, media: 'screen' });
    await tab.setViewportSize({ width, height: 900 });
    await tab.goto(address);
    await tab.screenshot({ path: join(folder, `${scheme}-${width}.png`), fullPage: true });
    for (const closed of await tab.locator('details').all()) await closed.locator('summary').first().click();
    const seen = await tab.evaluate<Record<string, unknown>>(layout);
    const pictures = width < 600 ? { wide: 0, narrow: 9 } : { wide: 9, narrow: 0 };
    const paper = scheme === 'light' ? 'rgb(253, 253, 252)' : 'rgb(21, 23, 25)';
    expect(seen).toEqual({ width, beyond: [], scripts: 0, paper, ...pictures });
    expect([complaints, requests]).toEqual([[], [address]]);
  },
);

test.skipIf(missing)('names from outside are displayed as they are, and every picture has a title', async () => {
  await tab.goto(address);
  const read = await tab.evaluate<string[]>(names);
  for (const name of hostile.filter((each) => !/\p{Cc}|\u202e/u.test(each))) expect(read).toContain(name);
  expect((await tab.evaluate<string[]>(titles)).filter((title) => title.length <= 20)).toEqual([]);
  expect(await tab.locator('h1').count()).toBe(1);
});

test.skipIf(missing).each(['light', 'dark'] as const)(
  'every text has a contrast of at least 4.5 to 1 in the %s scheme',
  async (colorScheme) => {
    await tab.emulateMedia({ colorScheme, media: 'screen' });
    await tab.goto(address);
    const seen = await tab.evaluate<{ texts: number; faint: string[] }>(faint);
    expect(seen.texts).toBeGreaterThan(100);
    expect(seen.faint).toEqual([]);
  },
);

test.skipIf(missing)('the printed page is dark on light in every scheme', async () => {
  await tab.emulateMedia({ colorScheme: 'dark', media: 'print' });
  await tab.goto(address);
  expect(await tab.evaluate<string>('getComputedStyle(document.body).color')).toBe('rgb(29, 31, 34)');
  const pdf = await tab.pdf({ path: join(folder, 'print.pdf'), format: 'A4' });
  expect(pdf.length).toBeGreaterThan(10_000);
});
