// The public surface: `import { load } from 'bulk-load'`. No room imports it.

import { resolve } from './config/resolve.js';
import type { OptionValues, OutputKey, Settings } from './config/settings.js';
import { BulkLoadError, InterruptedError, UsageError } from './core/errors.js';
import { clock } from './core/system-clock.js';
import type { Input, Notice, Summary, Target } from './core/types/index.js';
import { version } from './core/version.js';
import { streamInput, withInputErrors } from './inputs/custom.js';
import { expand } from './inputs/expand.js';
import { createTarget } from './load/create-target.js';
import { options as table } from './load/option-table.js';
import { load as run } from './load/pipeline.js';
import type { Snapshot } from './reporting/figures.js';
import { type CustomTarget, createCustomTarget } from './targets/custom/custom-target.js';

export * from './core/errors.js';
export { type Outcome, outcomes } from './core/outcomes.js';
export type {
  Attempt,
  ByteSource,
  ColumnType,
  DatabaseSettings,
  EncodedBody,
  EndpointState,
  EndpointTotals,
  FieldValue,
  FileBytes,
  FlushOutcome,
  Input,
  MemoryBudget,
  NodeLayout,
  Notice,
  PointValues,
  Precision,
  Summary,
  Target,
  TargetColumn,
  TargetDescription,
  TargetTraits,
  Verdict,
  VerifyReport,
} from './core/types/index.js';
export type { Snapshot } from './reporting/figures.js';
export { type CustomTarget, createCustomTarget, streamInput };

/**
 * The options of the command line by their key in the config file, without those about output. Sizes and durations are
 * texts (`'64MiB'`, `'30s'`) or plain numbers of bytes. Of the environment only what
 * AWS's tools read is read, for inputs of s3.
 */
export type LoadOptions = Omit<OptionValues, OutputKey> & {
  /** Not needed with `dryRun`. */
  readonly db?: string;
  /**
   * Files, directories, patterns, URLs, or `-` for standard input; and inputs of the caller's own, which are read after those.
   * One whose `path` is null is read once, as standard input is, and there is no checkpoint then.
   */
  readonly inputs: string | Input | readonly (string | Input)[];
};

export interface LoadControl {
  /** Stops cleanly: requests in flight finish, 10 s at most. */
  readonly signal?: AbortSignal;
  /** What would be told on a terminal while the load runs. */
  readonly notify?: (notice: Notice) => void;
  /**
   * Where batches go instead of what `url` and the like say. `db` is then but a name: it makes the load the same load when
   * it is run again. Of `targetMemory` nothing is known, and it is `off` unless given.
   */
  readonly target?: Target;
}

/**
 * A load under way. Await it for its summary; iterate over it for a snapshot each second and one at the end.
 * Awaiting, and iterating to the end, rejects with LoadFailed when the load ended as anything but `complete` or `complete-with-rejects`,
 * and with UsageError when it could not begin. Breaking off the iteration does not stop the load.
 */
export interface Load extends PromiseLike<Summary>, AsyncIterable<Snapshot> {}

/** How a load that did not come to its end stood then. `cause` is what ended it. */
export class LoadFailed extends BulkLoadError {
  readonly summary: Summary;

  constructor(summary: Summary, cause: BulkLoadError | null) {
    super(summary.outcome, cause?.code ?? 'BULK_LOAD_FAILED', summary.reason ?? summary.outcome, { cause });
    this.summary = summary;
  }
}

const snapshotMs = 1000;

/** Begins at once. */
export function load(options: LoadOptions, control: LoadControl = {}): Load {
  const live = new Live();
  const summary = start(options, control, live).finally(() => live.end());
  summary.catch(() => {}); // thrown to whoever awaits or iterates
  return {
    // biome-ignore lint/suspicious/noThenProperty: a load is awaited for its summary
    then: (resolved, rejected) => summary.then(resolved, rejected),
    [Symbol.asyncIterator]: () => live.snapshots(summary),
  };
}

async function start({ inputs: given, ...options }: LoadOptions, control: LoadControl, live: Live): Promise<Summary> {
  const { STATE_DIRECTORY, XDG_STATE_HOME, HOME } = process.env;
  const own = control.target !== undefined;
  refuseOutput(options);
  const flags = { ...(own ? { targetMemory: 'off' } : {}), ...options };
  const { settings } = await resolve(table, { flags, env: { STATE_DIRECTORY, XDG_STATE_HOME, HOME } });
  const notify = control.notify ?? ((): void => {});
  const { inputs, named } = await inputsOf(given, settings, notify);
  const context = { version: version(), clock, notify, inputs, stdout: process.stdout };
  const result = await run(settings, {
    ...context,
    named,
    target: control.target ?? (await createTarget(settings, context)),
    ...(own ? { targetKind: 'own' } : {}),
    stop: interruption(control.signal),
    abort: new AbortController().signal,
    command: null,
    watch: (snapshot) => live.begin(snapshot),
  });
  const { outcome } = result.summary;
  if (outcome !== 'complete' && outcome !== 'complete-with-rejects') throw new LoadFailed(result.summary, result.error);
  return result.summary;
}

/** Where nothing checks types. */
function refuseOutput(options: object): void {
  const about = table.rows.filter(({ key, group }) => group === 'output' && key !== 'config' && key in options);
  if (about.length === 0) return;
  throw new UsageError(
    about.map(({ key }) => `${key}: expected an option of a load, got one of the command's output; leave it out`),
  );
}

async function inputsOf(
  given: LoadOptions['inputs'],
  { tls, stateDir }: Settings,
  notify: (notice: Notice) => void,
): Promise<{ inputs: Input[]; named: string[] }> {
  const all: readonly (string | Input)[] = typeof given === 'string' || 'open' in given ? [given] : given;
  const names = all.filter((each) => typeof each === 'string');
  const own = all.filter((each) => typeof each !== 'string');
  const stdin = { isTTY: process.stdin.isTTY, isPipeOrFile: false, stream: () => process.stdin };
  const remote = { env: process.env, clock, ca: tls.ca, version: version(), random: Math.random, notify };
  const nothing = names.length === 0 && own.length > 0;
  const found = nothing
    ? { inputs: [], named: [] }
    : await expand(names, { stdin, cwd: process.cwd(), stateDir, remote });
  return {
    inputs: [...found.inputs, ...own.map(withInputErrors)],
    named: [...found.named, ...own.map(({ name, path }) => path ?? name)],
  };
}

/** The caller's signal, with a reason that says how the load ended. */
function interruption(signal: AbortSignal | undefined): AbortSignal {
  const stop = new AbortController();
  const act = (): void => stop.abort(new InterruptedError("the caller's signal"));
  if (signal?.aborted) act();
  signal?.addEventListener('abort', act, { once: true });
  return stop.signal;
}

/** Lets any number of iterations look at a run that may not have begun yet. */
class Live {
  #look: (() => Snapshot) | null = null;
  #over = false;
  readonly #ended = new AbortController();

  begin(look: () => Snapshot): void {
    this.#look = look;
  }

  end(): void {
    this.#over = true;
    this.#ended.abort();
  }

  /** Ends as the load does: whoever only iterates must not take a failure for the end. */
  async *snapshots(summary: Promise<Summary>): AsyncGenerator<Snapshot, void> {
    while (!this.#over) {
      if (this.#look !== null) yield this.#look();
      await clock.sleep(snapshotMs, this.#ended.signal).catch(() => {});
    }
    if (this.#look !== null) yield this.#look();
    await summary;
  }
}
