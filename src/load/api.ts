// The function `load()` for programs.

import { flagName } from '../config/options.js';
import { resolve } from '../config/resolve.js';
import type { CommandKey, OptionValues, Settings } from '../config/settings.js';
import { BulkLoadError, InterruptedError, UsageError } from '../core/errors.js';
import type { Problem } from '../core/problem.js';
import { clock } from '../core/time/system-clock.js';
import type { Input, Notice, Summary, Target } from '../core/types/index.js';
import { version } from '../core/version.js';
import { withInputErrors } from '../inputs/custom.js';
import { withEncoding } from '../inputs/encoding/utf8-source.js';
import { expand } from '../inputs/expand.js';
import type { Snapshot } from '../reporting/figures.js';
import { createTarget } from './create-target.js';
import { loadDatabases } from './load-databases.js';
import { options as table } from './option-table.js';

/**
 * The options of the command line, by their keys in the config file. Options for output and for many machines are
 * excluded. Sizes and durations are texts such as `'64MiB'` and `'30s'`; a plain number is a size in bytes. `load`
 * ignores environment variables, except the variables for the default state directory and for the credentials of s3
 * inputs.
 */
export type LoadOptions = Omit<OptionValues, CommandKey> & {
  /** Required unless `dryRun` is set. */
  readonly db?: string;
  /**
   * Files, directories, patterns, URLs, `-` for standard input, and inputs that the program provides. Inputs of the
   * program are read last. An input whose `path` is null is like standard input: it can be read only once, so the load
   * has no checkpoint.
   */
  readonly inputs: string | Input | readonly (string | Input)[];
};

export interface LoadControl {
  /** Stops the load. Requests in flight then have up to 10 s to finish. */
  readonly signal?: AbortSignal;
  /** Receives the messages that the command prints while a load runs. */
  readonly notify?: (notice: Notice) => void;
  /**
   * Target that the program provides. This target receives the batches instead of the target that the options name.
   * `db` then only distinguishes this load from other loads, and the default of `targetMemory` is `off`.
   */
  readonly target?: Target;
}

/**
 * A running load. Awaiting it returns its summary. Iterating over it yields a snapshot each second, and a last snapshot
 * when the load has ended. Both throw UsageError if the load cannot begin, and LoadFailed for any outcome except
 * `complete` and `complete-with-rejects`. A loop that stops iterating does not stop the load.
 */
export interface Load extends PromiseLike<Summary>, AsyncIterable<Snapshot> {}

/** Error of a load that did not complete, with its summary. `cause` is the error that ended the load. */
export class LoadFailed extends BulkLoadError {
  readonly summary: Summary;

  constructor(summary: Summary, cause: BulkLoadError | null) {
    super(summary.outcome, cause?.code ?? 'BULK_LOAD_FAILED', summary.reason ?? summary.outcome, { cause });
    this.summary = summary;
  }
}

const snapshotMs = 1000;

/** Starts a load at once, even if the caller never awaits it. */
export function load(options: LoadOptions, control: LoadControl = {}): Load {
  const snapshots = new SnapshotFeed();
  const summary = start(options, control, snapshots).finally(() => snapshots.end());
  summary.catch(() => {}); // the caller receives this error when it awaits or iterates
  return {
    // biome-ignore lint/suspicious/noThenProperty: awaiting a load yields its summary
    then: (resolved, rejected) => summary.then(resolved, rejected),
    [Symbol.asyncIterator]: () => snapshots.until(summary),
  };
}

async function start(
  { inputs: given, ...options }: LoadOptions,
  control: LoadControl,
  snapshots: SnapshotFeed,
): Promise<Summary> {
  const { STATE_DIRECTORY, XDG_STATE_HOME, HOME } = process.env;
  const custom = control.target !== undefined;
  checkOptions(given, options);
  const flags = { ...(custom ? { targetMemory: 'off' } : {}), ...options };
  const { settings } = await resolve(table, { flags, env: { STATE_DIRECTORY, XDG_STATE_HOME, HOME } }).catch(
    (error: unknown) => {
      throw error instanceof UsageError ? withKeys(error) : error;
    },
  );
  const notify = control.notify ?? ((): void => {});
  const { inputs, named } = await expandInputs(given, settings, notify);
  const context = { version: version(), clock, notify, inputs, stdout: process.stdout };
  if (custom && settings.contextMap !== null) throw oneTarget();
  const targetOf = async (each: Settings): Promise<Target> => control.target ?? (await createTarget(each, context));
  const result = await loadDatabases(settings, targetOf, (_, target) => ({
    ...context,
    named,
    target,
    ...(custom ? { targetKind: 'own' } : {}),
    stop: interruption(control.signal),
    abort: new AbortController().signal,
    command: null,
    watch: (snapshot) => snapshots.begin(snapshot),
  }));
  const { outcome, reason } = result.summary;
  const summary = { ...result.summary, reason: reason === null ? null : inKeys(reason) };
  if (outcome !== 'complete' && outcome !== 'complete-with-rejects')
    throw new LoadFailed(summary, result.error instanceof UsageError ? withKeys(result.error) : result.error);
  return summary;
}

function oneTarget(): UsageError {
  const expected = 'no option target, because bulk-load creates a target for each database';
  return new UsageError([
    { tried: 'contextMap', expected, found: 'a target of your own', fix: 'leave out contextMap or the target' },
  ]);
}

/** Throws UsageError for options that the types already exclude, because a program may run without a type checker. */
function checkOptions(inputs: unknown, options: object): void {
  const output = table.rows.filter(
    ({ key, group }) => ['output', 'machines'].includes(group) && key !== 'config' && key in options,
  );
  const problems: Problem[] = output.map(({ key }) => ({
    tried: key,
    expected: 'an option of a load',
    found: 'an option of the command line',
    fix: 'leave this option out',
  }));
  if (inputs === undefined) {
    const fix = 'input' in options ? 'did you mean inputs instead of input?' : 'name at least one input';
    problems.push({
      tried: 'inputs',
      expected: 'files, patterns, URLs, or streams that the calling program supplies',
      found: 'nothing',
      fix,
    });
  }
  if (problems.length > 0) throw new UsageError(problems);
}

const keys = new Map(table.rows.map(({ key }) => [flagName(key), key]));

/** Replaces each flag in a message by the option key that programs use, such as `--dry-run` by `dryRun`. */
function inKeys(text: string): string {
  return text.replace(/--[a-z][a-z-]*[a-z]/g, (flag) => keys.get(flag) ?? flag);
}

function withKeys(error: UsageError): UsageError {
  const parts = error.parts.map((part) =>
    typeof part === 'string'
      ? inKeys(part)
      : {
          tried: inKeys(part.tried),
          expected: inKeys(part.expected),
          found: inKeys(part.found),
          fix: inKeys(part.fix),
        },
  );
  return new UsageError(parts, { cause: error.cause });
}

async function expandInputs(
  given: LoadOptions['inputs'],
  { tls, stateDir, encoding, proxy }: Settings,
  notify: (notice: Notice) => void,
): Promise<{ inputs: Input[]; named: string[] }> {
  const all: readonly (string | Input)[] = typeof given === 'string' || 'open' in given ? [given] : given;
  const names = all.filter((each) => typeof each === 'string');
  const custom = all.filter((each) => typeof each !== 'string');
  const stdin = { isTTY: process.stdin.isTTY, isPipeOrFile: false, stream: () => process.stdin };
  const remote = {
    env: process.env,
    clock,
    ca: tls.ca,
    proxy: { given: proxy, env: {} },
    version: version(),
    random: Math.random,
    notify,
  };
  const onlyCustom = names.length === 0 && custom.length > 0;
  const found = onlyCustom
    ? { inputs: [], named: [] }
    : await expand(names, { stdin, cwd: process.cwd(), stateDir, encoding, remote });
  return {
    inputs: [...found.inputs, ...withEncoding(custom.map(withInputErrors), encoding)],
    named: [...found.named, ...custom.map(({ name, path }) => path ?? name)],
  };
}

/**
 * Returns a signal that aborts when the caller's signal aborts. The reason of the returned signal is an
 * InterruptedError, which decides the outcome of the load.
 */
function interruption(signal: AbortSignal | undefined): AbortSignal {
  const stop = new AbortController();
  const act = (): void => stop.abort(new InterruptedError("the caller's signal"));
  if (signal?.aborted) act();
  signal?.addEventListener('abort', act, { once: true });
  return stop.signal;
}

/** Provides snapshots to any number of `for await` loops. A loop may begin before the load has a snapshot. */
class SnapshotFeed {
  #snapshot: (() => Snapshot) | null = null;
  #over = false;
  readonly #ended = new AbortController();

  begin(snapshot: () => Snapshot): void {
    this.#snapshot = snapshot;
  }

  end(): void {
    this.#over = true;
    this.#ended.abort();
  }

  /**
   * Yields a snapshot each second until the load ends, then a last snapshot. Then throws the error of a failed load, so
   * that a loop over the snapshots fails, too.
   */
  async *until(summary: Promise<Summary>): AsyncGenerator<Snapshot, void> {
    while (!this.#over) {
      if (this.#snapshot !== null) yield this.#snapshot();
      await clock.sleep(snapshotMs, this.#ended.signal).catch(() => {});
    }
    if (this.#snapshot !== null) yield this.#snapshot();
    await summary;
  }
}
