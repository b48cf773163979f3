// The ways in which a run ends. Exit codes, help, manual, check, summary and report page all derive from this table.
// Changing the exit code of an outcome is a breaking change.

/** One way in which a run ends. */
export interface OutcomeRow {
  readonly exitCode: number;
  /** Further exit codes of the same outcome, such as the codes of other signals. */
  readonly otherCodes?: readonly number[];
  /** Name of the outcome in the help, in a few words. */
  readonly short: string;
  /** Meaning of the outcome for the manual, in Markdown. */
  readonly meaning: string;
  /** True if a script may run the same command again without a person's check; null if nothing remains to be done. */
  readonly retryUnattended: boolean | null;
  /** First sentence of the summary and the report page. */
  readonly closingSentence: string;
  /** Completes "This load would …" in `check`. */
  readonly checkSentence: string;
  /** Advice for the user; null if the user need not act, or if the error message already contains advice. */
  readonly advice: string | null;
}

export const outcomes = {
  complete: {
    exitCode: 0,
    short: 'complete',
    meaning: 'every point was acknowledged, or `--accept-rejects` allows the rejected points',
    retryUnattended: null,
    closingSentence: 'Complete: the target acknowledged every point, except rejects that --accept-rejects allows.',
    checkSentence: 'complete',
    advice: null,
  },
  usage: {
    exitCode: 2,
    short: 'usage',
    meaning: 'an option is wrong, or an input does not exist; nothing was sent',
    retryUnattended: false,
    closingSentence: 'Nothing was sent: an option or an input is wrong.',
    checkSentence: 'not start',
    advice: null,
  },
  'too-many-rejects': {
    exitCode: 3,
    short: 'too many rejects',
    meaning: 'the load stopped, because its rejected points exceed `--max-rejected` or `--max-reject-bytes`',
    retryUnattended: false,
    closingSentence: 'Stopped: more points were rejected than --max-rejected or --max-reject-bytes allows.',
    checkSentence: 'stop at --max-rejected',
    advice: 'Look at the reasons. Fix the input, or raise --max-rejected or --max-reject-bytes and run again.',
  },
  refused: {
    exitCode: 4,
    short: 'refused by the target',
    meaning:
      'the target refuses the load, for example because of wrong credentials or a missing database; or the load would lose data; or the load would exceed `--target-memory`; or the target of a resumed load is another cluster or lacks a table',
    retryUnattended: false,
    closingSentence: 'Stopped: the target refused the load.',
    checkSentence: 'be refused by the target',
    advice: null,
  },
  unavailable: {
    exitCode: 5,
    short: 'unavailable',
    meaning: 'no endpoint answered within `--wait-for-target`, or a batch was not acknowledged within `--retry-for`',
    retryUnattended: true,
    closingSentence: 'Stopped: the target did not acknowledge the points in time.',
    checkSentence: 'not find an endpoint that answers',
    advice: 'Check the target and --url.',
  },
  memory: {
    exitCode: 6,
    short: 'memory',
    meaning: '`--memory-limit` is too small for the load, or the resident memory exceeded this limit',
    retryUnattended: true,
    closingSentence: 'The load did not fit into its memory limit.',
    checkSentence: 'not fit into its memory limit',
    advice: 'Raise --memory-limit, or lower --batch-bytes or --max-point-bytes.',
  },
  input: {
    exitCode: 7,
    short: 'input',
    meaning:
      'an input could not be read to its end, changed during the load, or had no valid point (by default, the load continues with the other inputs); or all inputs together had fewer points than `--min-points`',
    retryUnattended: true,
    closingSentence: 'Incomplete: an input could not be read to its end, or held too few points.',
    checkSentence: 'be incomplete',
    advice: null,
  },
  'complete-with-rejects': {
    exitCode: 8,
    short: 'complete with rejects',
    meaning: 'every point was acknowledged or is in the dead letters',
    retryUnattended: false,
    closingSentence: 'Complete with rejects: every point was acknowledged or is in the dead letters.',
    checkSentence: 'complete, with rejected points',
    advice:
      'If the reason names an option, load the dead letters with this option. Otherwise correct the dead letters, then load them.',
  },
  'verify-failed': {
    exitCode: 9,
    short: 'verification failed',
    meaning:
      'all points are loaded, but `--verify` found a difference or could not read the sample back; or `audit` found a difference',
    retryUnattended: false,
    closingSentence: 'Loaded, but verification failed.',
    checkSentence: 'fail its verification',
    advice: null,
  },
  bug: {
    exitCode: 70,
    short: 'defect of bulk-load',
    meaning: 'bulk-load has a defect, and prints the stack',
    retryUnattended: false,
    closingSentence: 'Stopped by a defect of bulk-load. Please report it.',
    checkSentence: 'meet a defect of bulk-load',
    advice: null,
  },
  state: {
    exitCode: 73,
    short: 'state',
    meaning: 'a checkpoint or the dead letters cannot be written',
    retryUnattended: false,
    closingSentence: 'Failed: a checkpoint, the dead letters or a result file could not be written.',
    checkSentence: 'be unable to write its state',
    advice: null,
  },
  busy: {
    exitCode: 75,
    short: 'runs already',
    meaning:
      'the same load is already running; or the load waited longer than `--retry-for` for other loads that introduce columns',
    retryUnattended: true,
    closingSentence: 'Stopped: another run holds a lock that this load needs.',
    checkSentence: 'not start, because it is already running',
    advice: 'Wait until the other run ends.',
  },
  interrupted: {
    exitCode: 130,
    otherCodes: [141, 143],
    short: 'interrupted',
    meaning:
      'the load stopped because of SIGINT (130), SIGTERM or `--max-duration` (143), or because the reader of `--dry-run` closed the pipe (141)',
    retryUnattended: true,
    closingSentence: 'Interrupted.',
    checkSentence: 'be interrupted',
    advice: null,
  },
} as const satisfies Record<string, OutcomeRow>;

export type Outcome = keyof typeof outcomes;

/** All outcomes, in the order of the manual. */
export const outcomeNames = Object.keys(outcomes) as readonly Outcome[];

/** Returns the row of an outcome. The type `OutcomeRow` also has the optional fields that this row does not set. */
export function outcomeRow(outcome: Outcome): OutcomeRow {
  return outcomes[outcome];
}

/** Returns all exit codes of an outcome. */
export function exitCodesOf(outcome: Outcome): readonly number[] {
  const { exitCode, otherCodes = [] } = outcomeRow(outcome);
  return [exitCode, ...otherCodes];
}

/** Returns all exit codes of an outcome as text: `130, 141, 143`. */
export function codesOf(outcome: Outcome): string {
  return exitCodesOf(outcome).join(', ');
}
