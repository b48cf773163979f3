// Decides where this run begins to read each input: at its start, where an earlier run stopped, or not at all.

import { InputError } from '../../core/errors.js';
import { plural } from '../../core/text.js';
import type {
  ByteSource,
  FileBytes,
  Input,
  Notice,
  Position,
  ResumePoint,
  RunDetails,
} from '../../core/types/index.js';
import { INPUT_START } from '../../core/types/index.js';
import type { CheckpointInput } from '../../state/checkpoint.js';
import { type FoundTarget, isLoadedInto } from '../../state/cluster.js';
import { type Comparison, compareFingerprint, type Fingerprint, fingerprint } from '../../state/fingerprint.js';
import { readHistory } from '../../state/history.js';
import { InputProgress } from '../../state/input-progress.js';
import type { EarlierRuns } from './earlier-runs.js';
import type { InputTracks } from './input-tracks.js';

export interface InputStartsOptions {
  readonly inputs: readonly Input[];
  readonly onChanged: 'restart' | 'refuse';
  /** False if no checkpoint is written. Every input is then read from its start. */
  readonly checkpoint: boolean;
  readonly sameTarget: boolean;
  readonly earlier: EarlierRuns;
  readonly tracks: InputTracks;
  /**
   * Copies the checkpoint before the first changed input is loaded again. Returns the path of the copy; null if no
   * checkpoint exists.
   */
  readonly copyCheckpoint: () => Promise<string | null>;
  readonly notify: (notice: Notice) => void;
}

/** Largest number of abandoned loads and inputs that the report page lists. */
const maxAbandoned = 100;

export class InputStarts {
  readonly #options: InputStartsOptions;
  #history: ReadonlyMap<string, CheckpointInput> = new Map();
  /** Number of points of the load that precede the next input. */
  #nextOrdinal = 0;
  #skippedPoints = 0;
  #copied = false;
  readonly #abandoned: { input: number | null; kept: string | null }[] = [];
  #moreAbandoned = 0;

  constructor(options: InputStartsOptions) {
    this.#options = options;
  }

  get nextOrdinal(): number {
    return this.#nextOrdinal;
  }

  /** Number of points of inputs that --skip-loaded skipped. */
  get skippedPoints(): number {
    return this.#skippedPoints;
  }

  /** Loads and inputs whose unfinished state this run does not resume. */
  get abandoned(): RunDetails['abandoned'] {
    return { shown: this.#abandoned, more: this.#moreAbandoned };
  }

  /** Reads from the history which inputs are already loaded. Needed for --skip-loaded. */
  async readHistory(file: string, target: FoundTarget): Promise<void> {
    const { inputs, sameTarget } = this.#options;
    const paths = new Set(inputs.map(({ path }) => path));
    const all = await readHistory(file, (path) => paths.has(path));
    this.#history = new Map([...all].filter(([, entry]) => isLoadedInto(entry, target, sameTarget)));
  }

  /**
   * Records that this run abandons the state of an input, or of the whole load if `input` is null. `kept` is the path
   * of the copied checkpoint.
   */
  abandon(input: number | null, kept: string | null): void {
    if (this.#abandoned.length < maxAbandoned) this.#abandoned.push({ input, kept });
    else this.#moreAbandoned += 1;
  }

  /** Records that the load has read `ordinal` points so far. */
  advanceTo(ordinal: number): void {
    this.#nextOrdinal = Math.max(this.#nextOrdinal, ordinal);
  }

  /**
   * Returns the position at which to begin reading an input; null if the input need not be read. Throws InputError if
   * the content has changed and --on-changed is `refuse`.
   */
  async begin(i: number, source: ByteSource): Promise<ResumePoint | null> {
    const { checkpoint, earlier, tracks, inputs } = this.#options;
    const start: Position = { ...(inputs[i]!.piece?.from ?? INPUT_START), ordinal: this.#nextOrdinal };
    const { file } = source;
    if (!checkpoint || file === undefined) return tracks.begin(i, source, new InputProgress(start), null);
    const known = await earlier.find(i);
    if (known === null) {
      const loaded = this.#history.get(inputs[i]!.path ?? '');
      if (loaded !== undefined && (await this.#isUnchanged(i, file, loaded))) return this.#skipLoaded(i, loaded);
      file.checksum?.start();
      return tracks.begin(i, source, new InputProgress(start), await this.#identify(i, file, 0));
    }
    const { input, finished } = known;
    // An unfinished input is always compared by content. The comparison costs little, because only a few inputs are
    // unfinished.
    const comparison = await this.#compare(i, file, input, !finished);
    if (comparison.kind === 'changed') {
      await this.#restart(i, input);
      file.checksum?.start();
      return tracks.begin(i, source, new InputProgress(start), await this.#identify(i, file, 0));
    }
    if (!comparison.certain) this.#warnTouched(i);
    if (finished && comparison.kind === 'same') {
      earlier.unchanged(i, input);
      this.advanceTo(earlier.reached);
      return null;
    }
    const place = finished ? { ...input.place, ordinal: this.#nextOrdinal } : input.place;
    const identity = await this.#identify(i, file, input.fingerprint.tail.to);
    earlier.begun(i);
    // The checksum of a plain file continues after the bytes of the earlier run. A compressed file is decoded again
    // from its start, so its checksum starts again as well.
    if (source.compression === 'none' && input.fingerprint.content) file.checksum?.start(input.fingerprint.content);
    return tracks.begin(i, source, new InputProgress(place, input.beyond), identity, input.tables);
  }

  async #isUnchanged(i: number, file: FileBytes, known: CheckpointInput): Promise<boolean> {
    const { kind, certain } = await this.#compare(i, file, known);
    return kind === 'same' && certain;
  }

  #warnTouched(i: number): void {
    const { inputs, notify } = this.#options;
    const message = `the modification time of ${inputs[i]!.name} has changed since its points were loaded. Its size and its first and last bytes are unchanged, so the load resumes. The load cannot notice a change between these bytes`;
    notify({ level: 'warn', kind: 'touched', message });
  }

  async #compare(i: number, file: FileBytes, known: CheckpointInput, always = false): Promise<Comparison> {
    return await compareFingerprint(file, known.fingerprint, always).catch((error: unknown) =>
      this.#readFailure(i, error),
    );
  }

  async #identify(i: number, file: FileBytes, readTo: number): Promise<Fingerprint> {
    return await fingerprint(file, readTo).catch((error: unknown) => this.#readFailure(i, error));
  }

  #readFailure(i: number, error: unknown): never {
    const found = error instanceof Error ? error.message : String(error);
    throw new InputError(`reading ${this.#options.inputs[i]!.name}: ${found}`, { cause: error });
  }

  /** Prepares to load a changed input from its start. Throws InputError if --on-changed is `refuse`. */
  async #restart(i: number, known: CheckpointInput): Promise<void> {
    const { inputs, onChanged, earlier, copyCheckpoint, notify } = this.#options;
    const { name } = inputs[i]!;
    const loaded = plural(known.loaded, 'point');
    if (onChanged === 'refuse')
      throw new InputError({
        tried: `reading ${name}`,
        expected: `the file from which ${loaded} were loaded before`,
        found: 'other content',
        fix: 'put the earlier file back, or load the new file from its start with --on-changed restart',
      });
    const kept = this.#copied ? null : await copyCheckpoint();
    this.#copied = true;
    this.abandon(i, kept);
    const where = kept === null ? '' : `; the earlier checkpoint is kept as ${kept}`;
    const message = `${name} has changed since ${loaded} were loaded from it; the load reads the input again from its start${where}`;
    notify({ level: 'warn', kind: 'changed', message });
    earlier.drop(i, known);
  }

  #skipLoaded(i: number, { loaded, rejected }: CheckpointInput): null {
    const { inputs, notify } = this.#options;
    this.#skippedPoints += loaded + rejected;
    const message = `${inputs[i]!.name} was loaded before (${plural(loaded, 'point')}), so this load skips the input`;
    notify({ level: 'info', kind: 'left-out', message });
    return null;
  }
}
