// Renders a page of the manual for a terminal.

import { aligned } from '../../core/text.js';
import { wrapped } from '../../reporting/wrap.js';

const maxColumns = 100;

/** Renders Markdown as plain text, wrapped at `columns` characters, at most 100. Lines of code are not wrapped. */
export function markdownText(markdown: string, columns: number): string {
  const width = Math.max(40, Math.min(columns, maxColumns));
  const lines: string[] = [];
  for (const [i, part] of markdown.split(/^```/m).entries()) {
    if (i % 2 === 1) lines.push(...codeLines(part));
    else for (const block of blocksOf(part)) lines.push(...blockLines(block, width), '');
  }
  return `${lines
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim()}\n`;
}

/** Indents a fenced block. The first line, which names the language, is dropped. */
function codeLines(fence: string): string[] {
  const [, ...code] = fence.trimEnd().split('\n');
  return [...code.map((line) => `    ${line}`.trimEnd()), ''];
}

/** Splits text at blank lines. Drops comments and pictures. */
function blocksOf(text: string): string[] {
  return text
    .replace(/<!--[\s\S]*?-->/g, '')
    .replace(/!\[[^\]]*\]\([^)]*\)/g, '')
    .split(/\n\s*\n/)
    .map((block) => block.replace(/^\n+|\s+$/g, ''))
    .filter((block) => block !== '');
}

function blockLines(block: string, width: number): string[] {
  const text = linkText(block);
  if (text.startsWith('|')) return tableLines(text.split('\n'), width);
  // A list item may continue on further lines. Other text is one paragraph.
  const items = text.split(/\n(?=\s*(?:[-*]|\d+\.) |#)/);
  return items.flatMap((item) => wrapped(item.replace(/\n\s*/g, ' '), width, /^\s*[-*\d]/.test(item) ? 2 : 0));
}

/** Replaces the address of a link to another page by the command that prints the page. */
function linkText(text: string): string {
  return text.replace(/\[([^\]]+)\]\(([^)]+)\)/g, (_, label: string, target: string) => {
    const page = /^(?:\.\/)?([\w-]+)\.md(?:#.*)?$/.exec(target)?.[1];
    if (page !== undefined) return `${label} (bulk-load help ${page})`;
    return target.startsWith('#') ? label : `${label} (${target})`;
  });
}

/** Aligns the columns of a table that fits into `width`. Prints a wider table as one paragraph for each row. */
function tableLines(rows: readonly string[], width: number): string[] {
  const cells = rows
    .filter((row) => !/^\|[\s|:-]+\|$/.test(row))
    .map((row) =>
      row
        .replace(/^\| ?| ?\|$/g, '')
        .split(/ ?(?<!\\)\| ?/)
        .map((cell) => cell.replaceAll('\\|', '|')),
    );
  const plain = aligned(cells);
  if (plain.every((line) => line.length <= width)) return plain;
  const [head = [], ...others] = cells;
  return others.flatMap(([first = '', ...rest]) => [
    ...wrapped(first, width, 0),
    ...rest.flatMap((cell, i) => (cell === '' ? [] : wrapped(`    ${head[i + 1]}: ${cell}`, width, 6))),
  ]);
}
