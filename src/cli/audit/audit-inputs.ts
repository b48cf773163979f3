// Reads the inputs of an audit as a load does, so that the audit accepts and rejects the same points as a load. Passes
// the points to the audit instead of a target.

import type { AuditedInputs } from '../../audit/audit.js';
import type { Settings } from '../../config/settings.js';
import { UsageError } from '../../core/errors.js';
import type { Attempt, Input, Target, TargetDescription } from '../../core/types/index.js';
import { load } from '../../load/pipeline.js';
import type { LoadContext } from '../../load/types.js';
import { fingerprint } from '../../state/fingerprint.js';
import { createCustomTarget } from '../../targets/custom/custom-target.js';

export interface AuditInputsContext extends Pick<LoadContext, 'version' | 'inputs' | 'clock' | 'stop' | 'abort'> {
  readonly notify: LoadContext['notify'];
  /** Description of the target. The settings of its database decide which points a load rejects. */
  readonly description: TargetDescription;
  readonly traits: Target['traits'];
  /** State directory of the load that reads the inputs. */
  readonly folder: string;
}

const all = { count: Number.MAX_SAFE_INTEGER };

/** Reads all inputs from their start with a load that passes its points to `take`. Throws the error of this load. */
export async function readAuditInputs(
  settings: Settings,
  context: AuditInputsContext,
  take: (points: Uint8Array) => void,
): Promise<AuditedInputs> {
  const { description, traits, folder, ...rest } = context;
  const target = collector(description, traits, take);
  const { summary, error } = await load(
    { ...settings, ...readingOnly, stateDir: folder },
    { ...rest, target, targetKind: 'audit', command: null, watch: () => {} },
  );
  if (error !== null) throw error;
  return { points: summary.points.loaded, rejected: summary.points.rejected, byReason: summary.rejects.byReason };
}

/**
 * Settings of the load that reads the inputs. A single writer keeps the order of the inputs, and rejects do not stop
 * the load.
 */
const readingOnly = {
  workers: 1,
  checkpoint: false,
  skipLoaded: false,
  verify: false,
  turn: false,
  targetMemory: null,
  relieve: false,
  stage: null,
  maxRejected: all,
  acceptRejects: all,
  ratePoints: null,
  rateBytes: null,
  maxDurationMs: null,
  onInputError: 'stop',
} as const satisfies Partial<Settings>;

/**
 * Creates a target that passes all points to `take`. The created target does not report columns. So a value whose type
 * differs from the column of the real target counts as missing, not as rejected.
 */
function collector(
  description: TargetDescription,
  traits: Target['traits'],
  take: (points: Uint8Array) => void,
): Target {
  const database = { ...description.database, strictWrite: false };
  const accepted: Attempt = { verdict: { kind: 'accepted' }, endpoint: 'audit', latencyMs: 0, sentBytes: 0 };
  return createCustomTarget({
    traits: { ...traits, firstWriteExclusive: false, plansMemory: false, countsPoints: false },
    describe: () => Promise.resolve({ ...description, database }),
    write: ({ bytes }) => {
      take(bytes);
      return Promise.resolve(accepted);
    },
  });
}

/** Returns path and fingerprint of each input. Throws UsageError for an input that can be read only once. */
export async function contentIdentity(inputs: readonly Input[], signal: AbortSignal): Promise<unknown[]> {
  const found: unknown[] = [];
  for (const input of inputs) {
    const source = input.size === null ? null : await input.open(signal);
    try {
      if (source?.file === undefined)
        throw new UsageError([
          {
            tried: `auditing ${input.name === '-' ? 'standard input' : input.name}`,
            expected: 'a file or an object on a server, because an audit reads its inputs twice',
            found: 'a pipe',
            fix: 'write the data of the pipe to a file first',
          },
        ]);
      found.push([input.path, await fingerprint(source.file, source.file.size)]);
    } finally {
      await source?.close();
    }
  }
  return found;
}
