// The command line: runs the command in the arguments and sets the exit code. Each command imports its own modules, so
// that help and errors appear quickly.

import { Command, CommanderError } from 'commander';
import { groups } from '../config/help/documentation.js';
import { normalizeSwitches } from '../config/help/flags.js';
import { flagName } from '../config/options.js';
import { UsageError } from '../core/errors.js';
import { codesOf, outcomeNames, outcomes } from '../core/outcomes.js';
import { version } from '../core/version.js';
import { options } from '../load/option-table.js';
import { checkArguments, parserError, refuseMistypedCommand } from './arguments.js';
import type { ReconcileOptions } from './fleet/reconcile-command.js';
import { commandExamples, exampleList, generalExamples } from './help/examples.js';
import { examplesFirst, withQueueOptions, withSettings } from './help/register.js';
import { type CompiledCode, limitV8, reexecWithMallocTuning } from './malloc-reexec.js';
import { withMaskedStderr } from './output/masking.js';
import { print } from './output/print.js';
import { printError } from './output/print-error.js';
import type { Process } from './process.js';

const exitCodeLines = `\nExit codes:\n${outcomeNames.map((each) => `  ${codesOf(each).padEnd(15)}${outcomes[each].short}\n`).join('')}`;

const inputsHelp = 'files, directories, globs, URLs of http, https and s3, or - for standard input';

/** Runs the command line. Sets `process.exitCode`; never throws. */
export async function main(process: Process, code?: CompiledCode): Promise<void> {
  // If the reader of a pipe closes it, only output is lost. So such an error must not end a load.
  process.stdout.on('error', () => {});
  process.stderr.on('error', () => {});
  try {
    await parse(process, (inputs) => limitV8(process, inputs, code));
  } catch (error) {
    process.exitCode = printError(error, withMaskedStderr(process), 'bulk-load');
    if (process.exitCode === outcomes.usage.exitCode) {
      const { removeStaleOutputs } = await import('./output/stale-outputs.js');
      await removeStaleOutputs(process);
    }
  }
}

type LimitV8 = (inputs?: readonly string[]) => void;

async function parse(process: Process, limit: LimitV8): Promise<void> {
  const help: string[] = [];
  const done = (code: number): void => {
    process.exitCode = code;
  };
  const program = commands(process, help, limit, done);
  const words = process.argv.slice(2);
  checkArguments(words, program);
  try {
    await program.parseAsync(normalizeSwitches(options, words), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) throw parserError(error);
    await print(process, help);
    process.exitCode = 0;
  }
}

/**
 * Builds the program with all commands.
 * @param help receives the texts of --help and --version
 */
function commands(process: Process, help: string[], limit: LimitV8, done: (code: number) => void): Command {
  const shared = (command: Command): Command => withOutput(command, process, help);
  const words = new Set(process.argv.slice(2));
  // Adding options to all commands takes 10 ms, so only a command that the command line names gets its options.
  const isUsed = (command: Command): boolean => words.has(command.name()) || words.has('completion');
  const withOptions = (command: Command): Command => (isUsed(command) ? withSettings(command) : command);
  const program = shared(new Command('bulk-load'))
    .description(
      'Loads line protocol, CSV, TSV, NDJSON, JSON and Parquet into CnosDB, InfluxDB or VictoriaMetrics. Every point is accounted for, and memory is bounded.',
    )
    .version(version(), '-V, --version', 'print the version')
    .enablePositionalOptions()
    .helpCommand(false)
    .addHelpText('after', exitCodeLines);
  examplesFirst(program, generalExamples);
  const load = async (inputs: string[], _: unknown, command: Command): Promise<void> => {
    refuseMistypedCommand(inputs[0], program);
    reexecWithMallocTuning(process, inputs);
    const { runLoad } = await import('./load-command.js');
    limit(inputs);
    done(await runLoad(inputs, typedOptions(command), process));
  };
  withSettings(program.argument('[inputs...]', inputsHelp)).action(load);
  withOptions(
    shared(program.command('load', { hidden: true }))
      .description('load inputs into the target (the default command)')
      .argument('[inputs...]', inputsHelp),
  ).action(load);
  withOptions(
    examplesFirst(shared(program.command('check')), exampleList(commandExamples.check))
      .description('show how a load would end; sends no points')
      .argument('[inputs...]', 'inputs; check parses only the first megabyte of each input'),
  ).action(async (inputs: string[], _: unknown, command: Command) => {
    const { runCheck } = await import('./check/check-command.js');
    done(await runCheck(inputs, typedOptions(command), process));
  });
  withOptions(
    examplesFirst(shared(program.command('audit')), exampleList(commandExamples.audit))
      .description('compare every value of the inputs with the target; only --repair loads points')
      .argument('[inputs...]', 'the inputs of the load: files, directories, globs, and URLs of http, https and s3')
      .option('--repair', 'load missing and different points again')
      .option('--since <time>', 'start of the time range to compare; default: the earliest time in the inputs')
      .option(
        '--until <time>',
        'end of the time range to compare, exclusive; default: just after the latest time in the inputs',
      ),
  ).action(async (inputs: string[], _: unknown, command: Command) => {
    reexecWithMallocTuning(process, inputs);
    const { runAudit } = await import('./audit/audit-command.js');
    limit(inputs);
    done(await runAudit(inputs, typedOptions(command), process));
  });
  withOptions(
    examplesFirst(shared(program.command('plan')), exampleList(commandExamples.plan))
      .description('cut the inputs for many machines, create tables and columns, and write the plan')
      .argument('<inputs...>', inputsHelp),
  ).action(async (inputs: string[], _: unknown, command: Command) => {
    const { runPlan } = await import('./fleet/plan-command.js');
    done(await runPlan(inputs, typedOptions(command), process));
  });
  examplesFirst(shared(program.command('reconcile')), exampleList(commandExamples.reconcile))
    .description('add up the summaries of all shards; the exit code is that of the whole load')
    .argument('<summaries...>', 'files that the shards wrote with --summary')
    .requiredOption('--plan <file>', 'plan of the load')
    .option('--summary <file>', 'write the result as JSON to a file, or to standard output with -')
    .option('--quiet', 'print nothing when the exit code is 0')
    .action(async (summaries: string[], own: ReconcileOptions) => {
      const { runReconcile } = await import('./fleet/reconcile-command.js');
      done(await runReconcile(summaries, own, process));
    });
  withOptions(
    examplesFirst(shared(program.command('worker')), exampleList(commandExamples.worker)).description(
      'load pieces from --queue until a signal stops this worker',
    ),
  ).action(async (_: unknown, command: Command) => {
    reexecWithMallocTuning(process);
    const { runWorkerCommand } = await import('./fleet/worker-command.js');
    limit();
    done(await runWorkerCommand(typedOptions(command), process));
  });
  withQueueOptions(
    examplesFirst(shared(program.command('status')), exampleList(commandExamples.status))
      .description('show the loads and the workers of --queue')
      .argument('[load]', 'name of a load'),
  ).action(async (name: string | undefined, _: unknown, command: Command) => {
    const { runStatus } = await import('./fleet/queue-commands.js');
    done(await runStatus(name, typedOptions(command), process));
  });
  withQueueOptions(
    examplesFirst(shared(program.command('stop')), exampleList(commandExamples.stop))
      .description('stop a load of --queue; the command that began the load resumes it')
      .argument('<load>', 'name of the load'),
  ).action(async (name: string, _: unknown, command: Command) => {
    const { runStop } = await import('./fleet/queue-commands.js');
    done(await runStop(name, typedOptions(command), process));
  });
  examplesFirst(shared(program.command('serve')), exampleList(commandExamples.serve))
    .description('run an embedded CnosDB-compatible server, for a first try, for CI and for tests')
    .option('--listen <host:port>', 'address to listen on; port 0 takes any free port', '127.0.0.1:8902')
    .option('--data <dir>', 'directory for the data; without this option, the server holds the data in memory')
    .option('--ready-file <file>', 'write the URL of the server to this file once the server answers')
    .option('--db <name>', 'database into which --seed loads', 'public')
    .option('--seed <input...>', 'inputs to load before the server is ready')
    .action(async (own: Record<string, unknown>) => {
      const before = Object.keys(typedOptions(program)).map(flagName);
      if (before.length > 0) {
        const found = `${before.join(', ')} before serve`;
        throw new UsageError([
          { tried: 'serve', expected: 'options of serve only', found, fix: 'leave this option out' },
        ]);
      }
      const { runServe } = await import('./serve-command.js');
      done(await runServe(own, process));
    });
  examplesFirst(shared(program.command('completion')), exampleList(commandExamples.completion))
    .description('print the completion script for bash, zsh or fish')
    .argument('[shell]', 'bash, zsh or fish')
    .action(async (shell = '') => {
      const { completion, shellNamed } = await import('./help/completion.js');
      await print(process, completion(shellNamed(shell), program));
      done(0);
    });
  examplesFirst(shared(program.command('help')), exampleList(commandExamples.help))
    .description('print a page of the manual, of a command or of a group of options')
    .argument('[topic]', `a page of the manual, a command, or ${groups.join(', ')}`)
    .action(async (topic: string | undefined) => {
      const { showTopic } = await import('./help/topic.js');
      await showTopic(topic, program, process);
      done(0);
    });
  return program;
}

/** Configures output and help of a command. The command throws its errors and does not print them. */
function withOutput(command: Command, { stdout }: Process, help: string[]): Command {
  return command
    .exitOverride()
    .configureOutput({
      writeOut: (text) => help.push(text),
      outputError: () => {},
      getOutHelpWidth: () => stdout.columns ?? 100,
    })
    .helpOption('-h, --help', 'print this help');
}

/** Returns the options that the command line has before and after the command name. Omits defaults. */
function typedOptions(command: Command): Record<string, unknown> {
  const before = command.parent === null ? {} : typedOptions(command.parent);
  const own = Object.entries(command.opts()).filter(([key]) => command.getOptionValueSource(key) === 'cli');
  return { ...before, ...Object.fromEntries(own) };
}
