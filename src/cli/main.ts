// The command line: what was typed → one of the commands → an exit code. Heavy modules are loaded by the command that
// needs them, so that help and errors come at once.

import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { groups } from '../config/help/documentation.js';
import { normalizeSwitches } from '../config/help/flags.js';
import { isNear, nearestOption } from '../config/help/suggest.js';
import { flagName } from '../config/options.js';
import { UsageError } from '../core/errors.js';
import { codesOf, outcomeNames, outcomes } from '../core/outcomes.js';
import { version } from '../core/version.js';
import { options } from '../load/option-table.js';
import { general, listed, ofCommand } from './help/examples.js';
import { examplesFirst, withSettings } from './help/register.js';
import { reexecWithMallocTuning } from './malloc-reexec.js';
import { print } from './output/print.js';
import { printError } from './output/print-error.js';
import type { Process } from './process.js';

const exitCodeLines = `\nExit codes:\n${outcomeNames.map((each) => `  ${codesOf(each).padEnd(15)}${outcomes[each].short}\n`).join('')}`;

const inputWords = 'files, directories, globs, URLs of http, https and s3, or - for standard input';

/** Runs what was typed. Sets `process.exitCode`; never throws. */
export async function main(process: Process): Promise<void> {
  // A reader that went away must not end a load: what it would have read is lost, the points are not.
  process.stdout.on('error', () => {});
  process.stderr.on('error', () => {});
  try {
    const program = commands(process, (code) => {
      process.exitCode = code;
    });
    await program.parseAsync(normalizeSwitches(options, process.argv.slice(2)), { from: 'user' });
  } catch (error) {
    process.exitCode = printError(error, process, 'bulk-load');
    if (process.exitCode === outcomes.usage.exitCode) {
      const { removeStaleOutputs } = await import('./output/stale-outputs.js');
      await removeStaleOutputs(process);
    }
  }
}

function commands(process: Process, done: (code: number) => void): Command {
  const program = shared(new Command('bulk-load'), process)
    .description(
      'Loads line protocol, CSV, TSV, NDJSON, JSON and Parquet into CnosDB, InfluxDB or VictoriaMetrics, within a memory limit and with a true account.',
    )
    .version(version(), '-V, --version', 'print the version')
    .enablePositionalOptions()
    .helpCommand(false)
    .addHelpText('after', exitCodeLines);
  examplesFirst(program, general);
  const load = async (inputs: string[], _: unknown, command: Command): Promise<void> => {
    refuseTypo(inputs[0]);
    reexecWithMallocTuning(process, inputs);
    const { runLoad } = await import('./load-command.js');
    done(await runLoad(inputs, given(command), process));
  };
  withSettings(program.argument('[inputs...]', inputWords)).action(load);
  withSettings(shared(program.command('load', { hidden: true }), process).argument('[inputs...]', inputWords)).action(
    load,
  );
  withSettings(
    examplesFirst(shared(program.command('check'), process), listed(ofCommand.check))
      .description('say everything that can be known before sending; sends no point')
      .argument('[inputs...]', 'inputs whose first megabyte is looked at'),
  ).action(async (inputs: string[], _: unknown, command: Command) => {
    const { runCheck } = await import('./check/check-command.js');
    done(await runCheck(inputs, given(command), process));
  });
  examplesFirst(shared(program.command('serve'), process), listed(ofCommand.serve))
    .description('an embedded CnosDB-compatible server, for trying the tool, for CI, for tests')
    .option('--listen <host:port>', 'address; port 0 for any free one', '127.0.0.1:8902')
    .option('--data <dir>', 'keep the data there, acknowledged after commit; without it everything is in memory')
    .option('--ready-file <file>', 'its URL is written there once it answers')
    .option('--db <name>', 'database for --seed', 'public')
    .option('--seed <input...>', 'load these before saying that it is ready')
    .action(async (options: Record<string, unknown>) => {
      const before = Object.keys(given(program)).map(flagName);
      if (before.length > 0)
        throw new UsageError([`serve: expected its own options only, got ${before.join(', ')} before it`]);
      const { runServe } = await import('./serve-command.js');
      done(await runServe(options, process));
    });
  examplesFirst(shared(program.command('completion'), process), listed(ofCommand.completion))
    .description('what a shell needs to complete commands and options: bash, zsh or fish')
    .argument('<shell>', 'the shell that reads it: bash, zsh or fish')
    .action(async (shell: string) => {
      const { completion, shellOf } = await import('./help/completion.js');
      await print(process, completion(shellOf(shell)));
      done(0);
    });
  examplesFirst(shared(program.command('help'), process), listed(ofCommand.help))
    .description('print a page of the manual, of a command or of a group of options')
    .argument('[topic]', `a page of the manual, a command, or ${groups.join(', ')}`)
    .action(async (topic: string | undefined) => {
      const { showTopic } = await import('./help/topic.js');
      await showTopic(topic, program, process);
      done(0);
    });
  return program;
}

/** What every command of the program has in common. */
function shared(command: Command, process: Process): Command {
  return command
    .exitOverride()
    .showSuggestionAfterError(true)
    .configureOutput({
      writeOut: (text) => process.stdout.write(text),
      // What stands behind a mistyped --password= is not to be repeated.
      writeErr: (text) =>
        process.stderr.write(
          withSuggestion(text.replace(/^error: /, 'bulk-load: ').replace(/'(--[\w-]+)=[^']*'/g, "'$1'")),
        ),
      getOutHelpWidth: () => process.stdout.columns ?? 100,
      getErrHelpWidth: () => process.stderr.columns ?? 100,
    })
    .helpOption('-h, --help', 'print this');
}

/** Slips that the parser's own suggestions are too strict for. */
function withSuggestion(text: string): string {
  const typed = /^bulk-load: unknown option '--([\w-]+)'\n$/.exec(text)?.[1];
  const meant = typed === undefined ? null : nearestOption(options.rows, typed);
  return meant === null ? text : `${text}(Did you mean ${flagName(meant)}?)\n`;
}

/** Only what was typed, also before the command's name: defaults belong to the settings. */
function given(command: Command): Record<string, unknown> {
  const before = command.parent === null ? {} : given(command.parent);
  const options = Object.entries(command.opts());
  return { ...before, ...Object.fromEntries(options.filter(([key]) => command.getOptionValueSource(key) === 'cli')) };
}

/** A first word that is no file, but nearly a command, was meant to be one. */
function refuseTypo(word: string | undefined): void {
  if (word === undefined || existsSync(word)) return;
  const meant = ['load', 'check', 'serve', 'completion', 'help'].find((name) => isNear(word, name));
  if (meant === undefined) return;
  throw new UsageError([
    `${word}: expected a file, directory or command, got none of that name; did you mean ${meant}?`,
  ]);
}
