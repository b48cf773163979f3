// The first steps of every command that takes the options of a load.

import { type Resolved, resolve } from '../config/resolve.js';
import type { SecretMask } from '../core/secrets.js';
import { options } from '../load/option-table.js';
import { addSecrets, maskOf, withMaskedStderr } from './output/masking.js';
import type { Process } from './process.js';

export interface OpenCommand {
  readonly resolved: Resolved;
  /** Masks the secrets in the options, in the environment, and in URLs among the inputs. */
  readonly mask: SecretMask;
  /** The process, with an stderr that masks secrets. */
  readonly process: Process;
}

/**
 * Resolves the options and masks their secrets. `names` are the inputs as given. `planOptions` returns the options in
 * the file of --plan, for commands that can read a plan. Throws UsageError.
 */
export async function openCommand(
  names: readonly string[],
  flags: Readonly<Record<string, unknown>>,
  unmasked: Process,
  planOptions?: (path: string) => Promise<Readonly<Record<string, unknown>>>,
): Promise<OpenCommand> {
  const mask = maskOf(unmasked);
  const process = withMaskedStderr(unmasked);
  const layers = { flags, env: process.env, ...(planOptions === undefined ? {} : { planOptions }) };
  const resolved = await resolve(options, layers);
  addSecrets(mask, resolved.settings, process.env, names);
  return { resolved, mask, process };
}
