// `bulk-load help` and the manual: its topics, how a page looks on a terminal, and where its links lead.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { fences, root } from '../support/manual.js';
import { run } from '../support/programs/here.js';

const topics = readdirSync(join(root, 'src/manual'))
  .filter((name) => name.endsWith('.md'))
  .map((name) => name.replace('.md', ''));
const pages = ['README.md', '.github/CONTRIBUTING.md', ...topics.map((topic) => `src/manual/${topic}.md`)];

test('help without a topic lists every page of the manual with its title', async () => {
  const { code, stdout } = await run(['help']);
  expect([code, topics.length > 0]).toEqual([0, true]);
  for (const topic of topics) {
    const [, title] = /^# (.*)$/m.exec(readFileSync(join(root, 'src/manual', `${topic}.md`), 'utf8'))!;
    expect(stdout).toMatch(new RegExp(`^  ${topic} +${title}$`, 'm'));
  }
});

test.each(topics)('help %s prints the page within the width of the terminal', async (topic) => {
  const { code, stdout } = await run(['help', topic], { columns: 80 });
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^# /m)]);
  expect(stdout).not.toMatch(/^```|<!--|\]\(/m);
  const prose = stdout.split('\n').filter((line) => !/^ {2}/.test(line) && !/\S{40}/.test(line));
  expect(prose.filter((line) => line.length > 80)).toEqual([]);
});

test('help with an unknown topic ends with exit code 2 and lists the topics', async () => {
  const { code, stderr } = await run(['help', 'frobnicate']);
  expect(code).toBe(2);
  for (const topic of [...topics, 'memory', 'check']) expect(stderr).toContain(topic);
  expect((await run(['help', 'format'])).stderr).toContain('did you mean formats?');
});

const terminal = /util-linux/.test(spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout ?? '');
test.runIf(terminal)('help on a terminal shows a page through $PAGER, and plainly without a pager', () => {
  const shown = (pager: string): string => {
    const command = `'${process.execPath}' '${join(root, 'bin/bulk-load.js')}' help targets`;
    const env = { ...process.env, PAGER: pager };
    return spawnSync('script', ['-qec', command, '/dev/null'], { env, encoding: 'utf8' }).stdout;
  };
  expect(shown('tr a-z A-Z')).toMatch(/^# TARGETS\r\n/);
  expect(shown('no-such-pager 2>&-')).toMatch(/^# Targets\r\n/m);
});

test('help reads load_cnosdb and load-cnosdb as the same topic', async () => {
  const [dashed, underscored] = [await run(['help', 'load-cnosdb']), await run(['help', 'load_cnosdb'])];
  expect([underscored.code, underscored.stdout]).toEqual([0, dashed.stdout]);
});

/** The name that GitHub gives a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\s-]/g, '')
    .replace(/ /g, '-');
}

function anchors(page: string): string[] {
  const text = readFileSync(page, 'utf8').replace(/^```[\s\S]*?^```/gm, '');
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchorOf(heading!));
}

test.each(pages)('every link of %s leads to a file and a heading that exist', (page) => {
  const path = join(root, page);
  const links = [...readFileSync(path, 'utf8').matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!);
  const broken = links
    .filter((link) => !/^https?:/.test(link))
    .filter((link) => {
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? path : join(dirname(path), file);
      return !existsSync(target) || (anchor !== undefined && !anchors(target).includes(anchor));
    });
  expect(broken).toEqual([]);
});

test.each(pages)('%s names every file above its content', (page) => {
  const text = readFileSync(join(root, page), 'utf8');
  const unnamed = fences(text).filter(({ file, start }) => {
    const above = text.slice(0, start).trimEnd().split('\n').slice(0, -1);
    return (
      file !== '' &&
      !above
        .filter((line) => line !== '')
        .at(-1)!
        .includes(`${file}\``)
    );
  });
  expect(unnamed).toEqual([]);
});
