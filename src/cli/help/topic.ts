// `bulk-load help [TOPIC]`: prints pages of the manual, of commands and of groups of options.

import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { groups } from '../../config/help/documentation.js';
import { packaged } from '../../core/version.js';
import { print } from '../output/print.js';
import type { Process } from '../process.js';
import { markdownText } from './markdown-text.js';
import { helpPage } from './register.js';

const folder = packaged('src/manual/');

/** Lists the topics of the manual in alphabetical order. */
export function manualTopics(): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.md'))
    .map((name) => name.slice(0, -'.md'.length))
    .sort();
}

/** Prints one topic, or the list of topics. Throws UsageError for an unknown topic. */
export async function showTopic(topic: string | undefined, program: Command, process: Process): Promise<void> {
  const columns = process.stdout.columns ?? 100;
  if (topic === undefined) return await print(process, topicList(program));
  const name = topic.toLowerCase().replaceAll('_', '-');
  const topics = manualTopics();
  const isCommand = program.commands.some((command) => command.name() === name);
  const usage = isCommand || !topics.includes(name) ? helpPage(topic, program, columns, topics) : null;
  const page = topics.includes(name) ? markdownText(readPage(name), columns) : null;
  await printPaged(process, [usage, page].filter((part) => part !== null).join('\n'));
}

function readPage(topic: string): string {
  return readFileSync(new URL(`${topic}.md`, folder), 'utf8');
}

function topicList(program: Command): string {
  const pages = manualTopics().map((topic) => {
    const title = /^# (.*)$/m.exec(readPage(topic))![1]!;
    return `  ${topic.padEnd(14)} ${title}\n`;
  });
  const commands = program.commands.map((command) => command.name()).join(', ');
  return [
    'Usage: bulk-load help TOPIC\n\n',
    'Pages of the manual:\n',
    ...pages,
    `\nGroups of options:\n  ${groups.join(', ')}\n`,
    `\nCommands:\n  ${commands}\n`,
    `\n'bulk-load --help' prints every option.\n`,
  ].join('');
}

/** Prints through $PAGER on a terminal. Prints directly without a terminal, or if the pager fails. */
async function printPaged(process: Process, text: string): Promise<void> {
  const { env, stdout } = process;
  const pager = env.PAGER ?? 'less';
  if (stdout.isTTY && stdout.fd === 1 && pager !== '') {
    const { status } = spawnSync(pager, {
      shell: true,
      input: text,
      stdio: ['pipe', 'inherit', 'inherit'],
      env: { LESS: 'FRX', ...env },
    });
    if (status === 0) return;
  }
  await print(process, text);
}
