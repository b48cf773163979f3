// Prints the reason for a command's end to stderr: a headline, and four short lines for each problem.

import { BulkLoadError, UsageError } from '../../core/errors.js';
import { type Outcome, outcomeRow, outcomes } from '../../core/outcomes.js';
import { type Problem, problemLines } from '../../core/problem.js';
import { plural, printable } from '../../core/text.js';
import type { Summary } from '../../core/types/index.js';
import type { LoadResult } from '../../load/pipeline.js';
import type { Process } from '../process.js';

/** Largest number of inputs with problems that are listed. Further inputs are only counted. */
const inputsShown = 20;

/** Prints an error and returns the exit code. `translate` replaces the names of options. */
export function printError(
  error: unknown,
  process: Pick<Process, 'stderr'>,
  program: string,
  translate = (text: string): string => text,
): number {
  if (error instanceof BulkLoadError && error.outcome !== 'bug') {
    process.stderr.write(translate(failureText(error, program)));
    return error.exitCode;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${program}: ${outcomes.bug.closingSentence}\n${stack}\n`);
  return outcomes.bug.exitCode;
}

/** Tests whether a failed run neither sent nor rejected points. The figures of such a run are not shown. */
export function sentNothing({ exitCode, requests, thisRun }: Summary): boolean {
  return exitCode !== 0 && requests.sent === 0 && thisRun.loaded + thisRun.rejected === 0;
}

/** Returns the headline, the problem, further inputs with problems, and the command that resumes the load. */
export function emptyRunText({ summary, error }: LoadResult, program: string): string {
  const text = failureText(error, program, summary);
  const shownAbove = error?.message ?? summary.reason ?? '';
  const others = summary.inputs.filter((input) => input.error !== null && !shownAbove.includes(input.error));
  const shown = others.slice(0, inputsShown).map((input) => `  input     ${input.name}: ${input.error}`);
  const more = others.length - shown.length;
  const rows = [
    ...shown,
    ...(more > 0 ? [`  input     ${plural(more, 'more input')} with problems; --summary lists these inputs`] : []),
    ...(summary.continueWith === null ? [] : [`  resume    ${summary.continueWith}`]),
  ];
  return text + rows.map((row) => `${printable(row)}\n`).join('');
}

/** Returns the headline and the problems of an error; without an error, `reason` is the problem. */
function failureText(
  error: BulkLoadError | null,
  program: string,
  { outcome, exitCode, reason }: { outcome: Outcome; exitCode: number; reason: string | null } = {
    outcome: error?.outcome ?? 'bug',
    exitCode: error?.exitCode ?? outcomes.bug.exitCode,
    reason: null,
  },
): string {
  const headline = outcomeRow(outcome).closingSentence.replace(/\.$/, '');
  const problems = partsOf(error, reason).map(partLines);
  const lines = problems.flatMap((each, i) => (i === 0 ? each : ['', ...each]));
  return [`${program}: ${headline} (exit code ${exitCode}).`, ...lines].map((line) => `${printable(line)}\n`).join('');
}

function partsOf(error: BulkLoadError | null, reason: string | null): readonly (string | Problem)[] {
  if (error instanceof UsageError) return error.parts;
  const part = error?.problem ?? error?.message ?? reason;
  return part === null || part === '' ? [] : [part];
}

function partLines(part: string | Problem): string[] {
  return typeof part === 'string' ? part.split('\n').map((line) => `  ${line}`) : problemLines(part);
}
