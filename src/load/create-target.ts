import type { Settings } from '../config/settings.js';
import { BulkLoadError, UsageError } from '../core/errors.js';
import { SecretMask, secretsOf } from '../core/secrets.js';
import type { Notice, Target } from '../core/types/index.js';
import { wrapObject } from '../core/wrap-object.js';
import { createTarget as create } from '../targets/registry.js';
import type { TargetContext } from '../targets/types.js';
import { answerBytes, compressionThreads, ownLimit } from './memory/plan-memory.js';

/**
 * Creates the target that the settings name. Derives the largest accepted size of a response from --memory-limit. Masks
 * secrets in messages of the target.
 */
export async function createTarget(
  settings: Settings,
  context: Omit<TargetContext, 'maxResponseBytes' | 'compressionThreads'>,
): Promise<Target> {
  const mask = new SecretMask();
  mask.add(secretsOf(settings));
  const notify = (notice: Notice): void => context.notify(mask.deep(notice));
  const limit = ownLimit(settings.memoryLimit);
  const own = { maxResponseBytes: answerBytes(limit), compressionThreads: compressionThreads(limit) };
  const target = await create(settings, { ...context, notify, ...own });
  return maskTarget(target, mask);
}

/** Masks secrets in the target's messages. A proxy or an error page may repeat a request with its credentials. */
export function maskTarget(target: Target, mask: SecretMask): Target {
  const masked = <T>(answer: Promise<T>): Promise<T> =>
    answer.catch((error: unknown) => {
      throw maskError(error, mask);
    });
  async function* scan(...args: Parameters<NonNullable<Target['scan']>>): AsyncGenerator<Uint8Array, void> {
    try {
      yield* target.scan!(...args);
    } catch (error) {
      throw maskError(error, mask);
    }
  }
  return wrapObject(target, {
    scan: target.scan && scan,
    describe: async (...args: Parameters<Target['describe']>) => mask.deep(await masked(target.describe(...args))),
    columns: (...args: Parameters<Target['columns']>) => masked(target.columns(...args)),
    createTable:
      target.createTable &&
      ((...args: Parameters<NonNullable<Target['createTable']>>) => masked(target.createTable!(...args))),
    layout: (...args: Parameters<Target['layout']>) => masked(target.layout(...args)),
    count: (...args: Parameters<Target['count']>) => masked(target.count(...args)),
    readBack: (...args: Parameters<Target['readBack']>) => masked(target.readBack(...args)),
    flush: async (...args: Parameters<Target['flush']>) => mask.deep(await masked(target.flush(...args))),
    write: async (...args: Parameters<Target['write']>) => {
      const attempt = await masked(target.write(...args));
      return { ...attempt, verdict: mask.deep(attempt.verdict) };
    },
  });
}

function maskError(error: unknown, mask: SecretMask): unknown {
  if (!(error instanceof BulkLoadError)) return error;
  const { problem } = error;
  const parts = error instanceof UsageError ? mask.deep({ problems: error.problems, parts: error.parts }) : {};
  return Object.assign(error, { message: mask.text(error.message), problem: mask.deep(problem) }, parts);
}
