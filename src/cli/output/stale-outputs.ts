// A run that ends before its settings are known leaves no result of an earlier one behind either: who finds it would take
// it for that of the latest run. What was typed cannot be understood as a whole then, but the three names mostly can.

import { flags } from '../../config/help/flags.js';
import { environmentName, flagName } from '../../config/options.js';
import { options } from '../../load/option-table.js';
import { metricsHead, pageHead, removeResult, summaryHead } from '../../reporting/result-file.js';
import type { Process } from '../process.js';

const heads = { summary: summaryHead, report: pageHead, metricsFile: metricsHead };
const otherCommands: readonly string[] = ['check', 'serve', 'completion', 'help'];

/** Removes what `--summary`, `--report` and `--metrics-file` of a load name, as far as it can be read. Never throws. */
export async function removeStaleOutputs({ argv, env }: Pick<Process, 'argv' | 'env'>): Promise<void> {
  const words = upToInputs(argv.slice(2));
  if (otherCommands.includes(firstOperand(words) ?? '')) return;
  for (const [key, head] of Object.entries(heads)) {
    const path = typed(words, flagName(key)) ?? env[environmentName(key)];
    if (path !== undefined && path !== '' && path !== '-') await removeResult(path, head);
  }
}

/** What follows `--` is the name of an input, whatever it looks like. */
function upToInputs(words: readonly string[]): readonly string[] {
  const end = words.indexOf('--');
  return end < 0 ? words : words.slice(0, end);
}

/** The last one that was given. */
function typed(words: readonly string[], name: string): string | undefined {
  const values = words.flatMap((word, i) => {
    if (word.startsWith(`${name}=`)) return [word.slice(name.length + 1)];
    return word === name && i + 1 < words.length ? [words[i + 1]!] : [];
  });
  return values.at(-1);
}

function firstOperand(words: readonly string[]): string | undefined {
  const valued = new Set(
    flags(options).flatMap((each) => (each.flags.includes(' ') ? [each.flags.split(' ', 1)[0]!] : [])),
  );
  return words.find((word, i) => !word.startsWith('-') && !valued.has(words[i - 1] ?? ''));
}
