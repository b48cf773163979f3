// The errors that end a run. Failures that a run expects, such as a refused request, are return values instead
// (`Verdict`, `Receipt`).

import { type Outcome, outcomeRow, outcomes } from './outcomes.js';
import { type Problem, problemText } from './problem.js';

export interface BulkLoadErrorOptions {
  readonly cause?: unknown;
  /**
   * True if the same command may succeed later. Default: the outcome's `retryUnattended`, where null counts as false.
   */
  readonly retryHelps?: boolean;
}

/**
 * An error that ends a run. `outcome` decides the exit code. `code` is a stable identifier that programs can compare.
 */
export class BulkLoadError extends Error {
  readonly outcome: Outcome;
  readonly code: string;
  /** The four parts of the message; null if the message is plain text. */
  readonly problem: Problem | null;
  /** Whether the same command may succeed later without any change. */
  readonly retryHelps: boolean;

  constructor(outcome: Outcome, code: string, message: string | Problem, options: BulkLoadErrorOptions = {}) {
    super(typeof message === 'string' ? message : problemText(message), options);
    this.name = new.target.name;
    this.outcome = outcome;
    this.code = code;
    this.problem = typeof message === 'string' ? null : message;
    this.retryHelps = options.retryHelps ?? outcomeRow(outcome).retryUnattended === true;
  }

  get exitCode(): number {
    return outcomes[this.outcome].exitCode;
  }
}

/** A wrong option or input, found before anything was sent. Contains all problems, not only the first. */
export class UsageError extends BulkLoadError {
  /** The problems as texts of one line each. */
  readonly problems: readonly string[];
  /** The same problems, each as an object with four phrases. A problem that is plain text stays a string. */
  readonly parts: readonly (string | Problem)[];

  constructor(problems: readonly (string | Problem)[], options?: BulkLoadErrorOptions) {
    const lines = problems.map((each) => (typeof each === 'string' ? each : problemText(each)));
    super('usage', 'BULK_USAGE', lines.join('\n'), options);
    this.problems = lines;
    this.parts = problems;
  }
}

/**
 * The target does not accept this load: wrong credentials, a missing privilege or database, or database settings that
 * would lose data.
 */
export class RefusedError extends BulkLoadError {
  constructor(message: string | Problem, options?: BulkLoadErrorOptions) {
    super('refused', 'BULK_TARGET_REFUSED', message, options);
  }
}

/** The endpoints did not answer within `--wait-for-target`, or a batch was not acknowledged within `--retry-for`. */
export class UnavailableError extends BulkLoadError {
  constructor(message: string | Problem, options?: BulkLoadErrorOptions) {
    super('unavailable', 'BULK_TARGET_UNAVAILABLE', message, options);
  }
}

/** The memory limit is too small for the run to start, or resident memory exceeded the limit. */
export class MemoryLimitError extends BulkLoadError {
  constructor(message: string | Problem, options?: BulkLoadErrorOptions) {
    super('memory', 'BULK_MEMORY_LIMIT', message, options);
  }
}

/** An input could not be read or decompressed to its end, or changed while it was read. */
export class InputError extends BulkLoadError {
  constructor(message: string | Problem, options?: BulkLoadErrorOptions) {
    super('input', 'BULK_INPUT', message, options);
  }
}

/** More points were rejected than `--max-rejected` or `--max-reject-bytes` allows. */
export class TooManyRejectsError extends BulkLoadError {
  constructor(message: string | Problem) {
    super('too-many-rejects', 'BULK_TOO_MANY_REJECTS', message);
  }
}

/** Dead letters or other state cannot be written. */
export class StateError extends BulkLoadError {
  constructor(message: string | Problem, options?: BulkLoadErrorOptions) {
    super('state', 'BULK_STATE', message, options);
  }
}

/** `--verify` read back other values than the load sent. */
export class VerifyError extends BulkLoadError {
  constructor(message: string | Problem) {
    super('verify-failed', 'BULK_VERIFY_FAILED', message);
  }
}

/** Another run holds a lock that this run needs, for example because the same load is running. */
export class BusyError extends BulkLoadError {
  constructor(message: string | Problem) {
    super('busy', 'BULK_BUSY', message);
  }
}

/** Exit codes as in shells: 128 plus the number of the signal. `--max-duration` counts as SIGTERM. */
const interruptions: Readonly<Record<string, number>> = { SIGPIPE: 141, SIGTERM: 143, '--max-duration': 143 };

/** A signal, `--max-duration` or the caller's AbortSignal stopped the run. */
export class InterruptedError extends BulkLoadError {
  readonly #exitCode: number;

  /** @param by cause: `SIGTERM` and `--max-duration` mean exit code 143, `SIGPIPE` 141, any other cause 130 */
  constructor(by: string) {
    super('interrupted', 'BULK_INTERRUPTED', `stopped by ${by}`);
    this.#exitCode = interruptions[by] ?? outcomes.interrupted.exitCode;
  }

  override get exitCode(): number {
    return this.#exitCode;
  }
}

/** A defect of bulk-load. Only this error prints a stack. */
export class BugError extends BulkLoadError {
  constructor(message: string, options?: BulkLoadErrorOptions) {
    super('bug', 'BULK_BUG', message, options);
  }
}

/** Returns the code of a system error, such as `ENOENT`. For an error without a code, returns the error's text. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
