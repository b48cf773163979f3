// Keeps the secrets of a run out of everything that a command prints or writes.

import type { Settings } from '../../config/settings.js';
import { SecretMask, secretsOf } from '../../core/secrets.js';
import { wrapObject } from '../../core/wrap-object.js';
import type { LoadResult } from '../../load/pipeline.js';
import type { Process, Stream } from '../process.js';

/** Environment variables that contain secrets of remote inputs. */
const secretVariables = ['AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'];

const masks = new WeakMap<Process, SecretMask>();

/** Returns the mask for the secrets of a process. The command and its error messages share this mask. */
export function maskOf(process: Process): SecretMask {
  const mask = masks.get(process) ?? new SecretMask();
  masks.set(process, mask);
  return mask;
}

/** Adds the secrets in the settings, in the environment and in the URLs of inputs. */
export function addSecrets(
  mask: SecretMask,
  settings: Settings,
  env: NodeJS.ProcessEnv,
  names: readonly string[],
): void {
  const passwords = names.flatMap((name) => (URL.canParse(name) ? [decoded(new URL(name).password)] : []));
  mask.add([...secretsOf(settings), ...secretVariables.map((name) => env[name]), ...passwords]);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Returns the process with an stderr that masks secrets. */
export function withMaskedStderr(process: Process): Process {
  const { stderr } = process;
  const mask = maskOf(process);
  const write: Stream['write'] = (text, done) => stderr.write(typeof text === 'string' ? mask.text(text) : text, done);
  return wrapObject(process, { stderr: wrapObject(stderr, { write }) });
}

/** Masks secrets in those texts of a result that may quote a server. Does not change names and paths. */
export function maskResult(result: LoadResult, mask: SecretMask): LoadResult {
  const { summary } = result;
  // Copies only inputs with an error, because a load may have many inputs.
  const inputs = summary.inputs.map((input) =>
    input.error === null ? input : { ...input, error: mask.deep(input.error) },
  );
  const examples = new Map([...result.examples].map(([reason, text]) => [reason, mask.text(text)]));
  return { ...result, summary: { ...summary, reason: mask.deep(summary.reason), inputs }, examples };
}
