// Every way a run ends, with its exit code. Expected failures inside a run are values (verdicts, receipts);
// these classes are for what ends it. The table is product law: a change to a number is a breaking change.

/** Outcome of a run → process exit code. 130 is SIGINT, 141 SIGPIPE, 143 SIGTERM: all are `interrupted`. */
export const exitCodes = {
  complete: 0,
  usage: 2,
  'too-many-rejects': 3,
  refused: 4,
  unavailable: 5,
  memory: 6,
  input: 7,
  'complete-with-rejects': 8,
  'verify-failed': 9,
  bug: 70,
  state: 73,
  busy: 75,
  interrupted: 130,
} as const;

export type Outcome = keyof typeof exitCodes;

/**
 * What ends a run. `message` reads: attempted — expected — got — what to do.
 * `code` is stable for programs; `outcome` decides the exit code.
 */
export class BulkLoadError extends Error {
  readonly outcome: Outcome;
  readonly code: string;

  constructor(outcome: Outcome, code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.outcome = outcome;
    this.code = code;
  }

  get exitCode(): number {
    return exitCodes[this.outcome];
  }
}

/** Bad options or inputs, found before anything was sent. `problems` holds all of them, not the first. */
export class UsageError extends BulkLoadError {
  readonly problems: readonly string[];

  constructor(problems: readonly string[], options?: { cause?: unknown }) {
    super('usage', 'BULK_USAGE', problems.join('\n'), options);
    this.problems = problems;
  }
}

/** The target will not take this load: credentials, privilege, no such database, settings that would lose data. */
export class RefusedError extends BulkLoadError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('refused', 'BULK_TARGET_REFUSED', message, options);
  }
}

/** No endpoint answered in `--wait-for-target`, or a batch's `--retry-for` is spent. */
export class UnavailableError extends BulkLoadError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('unavailable', 'BULK_TARGET_UNAVAILABLE', message, options);
  }
}

/** Our own memory limit is too small to start, or cannot be held with one writer. */
export class MemoryLimitError extends BulkLoadError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('memory', 'BULK_MEMORY_LIMIT', message, options);
  }
}

/** An input could not be read or decompressed to its end, or changed while it was read. */
export class InputError extends BulkLoadError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('input', 'BULK_INPUT', message, options);
  }
}

/** `--max-rejected` was exceeded. */
export class TooManyRejectsError extends BulkLoadError {
  constructor(message: string) {
    super('too-many-rejects', 'BULK_TOO_MANY_REJECTS', message);
  }
}

/** Dead letters or other state cannot be written. */
export class StateError extends BulkLoadError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('state', 'BULK_STATE', message, options);
  }
}

/** `--verify`: what was read back differs from what was loaded. */
export class VerifyError extends BulkLoadError {
  constructor(message: string) {
    super('verify-failed', 'BULK_VERIFY_FAILED', message);
  }
}

/** The same load runs already. */
export class BusyError extends BulkLoadError {
  constructor(message: string) {
    super('busy', 'BULK_BUSY', message);
  }
}

/** As shells name the ends of programs: 128 and the number of the signal. */
const interruptions: Readonly<Record<string, number>> = { SIGPIPE: 141, SIGTERM: 143, '--max-duration': 143 };

/** Somebody stopped the run: a signal, `--max-duration`, or the caller's AbortSignal. */
export class InterruptedError extends BulkLoadError {
  readonly #exitCode: number;

  /** @param by `SIGINT` ends with 130, `SIGTERM` and a spent `--max-duration` with 143, `SIGPIPE` with 141, anything else with 130 */
  constructor(by: string) {
    super('interrupted', 'BULK_INTERRUPTED', `stopped by ${by}`);
    this.#exitCode = interruptions[by] ?? exitCodes.interrupted;
  }

  override get exitCode(): number {
    return this.#exitCode;
  }
}

/** An assertion of ours failed. The only outcome that shows a stack. */
export class BugError extends BulkLoadError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('bug', 'BULK_BUG', message, options);
  }
}
