// The kinds of target as the options see them, derived from the registry of targets.

import type { NameLimits } from '../core/types/index.js';
import { type TargetKind, targetKinds } from '../targets/registry.js';

interface Traits {
  /** Defaults, as the user would write them. */
  readonly url: string;
  readonly targetMemory: string;
  readonly user: string;
  readonly tenant: string;
  readonly relieve: boolean;
  readonly zstd: boolean;
  readonly names: NameLimits;
  /** Options without a meaning for the target, with what to do instead. */
  readonly without: Readonly<Record<string, string>>;
}

export const targets = Object.fromEntries(
  targetKinds.map(({ kind, defaultPort, defaults, traits, takesZstd, nameLimits, unsupportedOptions }) => [
    kind,
    {
      ...defaults,
      url: `http://localhost:${defaultPort}`,
      relieve: traits.plansMemory,
      zstd: takesZstd,
      names: nameLimits,
      without: unsupportedOptions,
    },
  ]),
) as unknown as Readonly<Record<TargetKind, Traits>>;
