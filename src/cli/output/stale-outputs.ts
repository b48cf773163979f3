// Removes the results of an earlier run when a run ends before its settings are known. Otherwise a script would take
// the old results for the results of the latest run.

import { flags } from '../../config/help/flags.js';
import { environmentName, flagName } from '../../config/options.js';
import { options } from '../../load/option-table.js';
import { metricsHead, pageHead, removeResult, summaryHead } from '../../reporting/result-file.js';
import type { Process } from '../process.js';

const heads = { summary: summaryHead, report: pageHead, metricsFile: metricsHead };
const otherCommands: readonly string[] = ['check', 'serve', 'completion', 'help'];

/**
 * Removes the files of --summary, --report and --metrics-file that the arguments or the environment name. Never throws.
 */
export async function removeStaleOutputs({ argv, env }: Pick<Process, 'argv' | 'env'>): Promise<void> {
  const words = wordsBeforeInputs(argv.slice(2));
  if (otherCommands.includes(firstOperand(words) ?? '')) return;
  for (const [key, head] of Object.entries(heads)) {
    const path = lastValue(words, flagName(key)) ?? env[environmentName(key)];
    if (path !== undefined && path !== '' && path !== '-') await removeResult(path, head).catch(() => {});
  }
}

/** Returns the words before `--`, because every later word is an input. */
function wordsBeforeInputs(words: readonly string[]): readonly string[] {
  const end = words.indexOf('--');
  return end < 0 ? words : words.slice(0, end);
}

function lastValue(words: readonly string[], name: string): string | undefined {
  const values = words.flatMap((word, i) => {
    if (word.startsWith(`${name}=`)) return [word.slice(name.length + 1)];
    return word === name && i + 1 < words.length ? [words[i + 1]!] : [];
  });
  return values.at(-1);
}

function firstOperand(words: readonly string[]): string | undefined {
  const all = flags(options);
  const withValue = new Set(all.flatMap((each) => (each.flags.includes(' ') ? [each.flags.split(' ', 1)[0]!] : [])));
  return words.find((word, i) => !word.startsWith('-') && !withValue.has(words[i - 1] ?? ''));
}
