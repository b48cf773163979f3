// Runs the loads of one command: one load into --db, or one load into each database of --context-map. Each load has its
// own checkpoint, checks of columns, and verification.

import type { Settings } from '../config/settings.js';
import { UsageError } from '../core/errors.js';
import { count, plural } from '../core/text.js';
import type { Input, Target } from '../core/types/index.js';
import { continues, type DatabaseResult, mergeResults } from './outcome/merge-results.js';
import { load } from './pipeline.js';
import type { LoadContext, LoadResult } from './types.js';

/**
 * Returns the settings of each load. With --context-map, each database has a load of its own contexts, the sections of
 * an InfluxDB export.
 */
export function settingsByDatabase(settings: Settings): readonly Settings[] {
  const { contextMap } = settings;
  if (contextMap === null) return [settings];
  const databases = [...new Set(contextMap.map(({ db }) => db))];
  return databases.map((db) => ({
    ...settings,
    db,
    contexts: contextMap.filter((each) => each.db === db).map(({ context }) => context),
  }));
}

/**
 * Loads into one database after another, and merges the results. If a load fails because of an input, rejected points
 * or the verification, continues with the next database. After any other failure, stops. Throws the errors of `load`.
 * @param contextOf returns the context of the load of one database. After the last load, its `writeResults` is called
 * with the merged result.
 */
export async function loadDatabases(
  settings: Settings,
  createTarget: (settings: Settings) => Promise<Target>,
  contextOf: (settings: Settings, target: Target) => LoadContext,
): Promise<LoadResult> {
  const all = settingsByDatabase(settings);
  const done: DatabaseResult[] = [];
  for (let i = 0; ; i += 1) {
    const each = all[i]!;
    const context = contextOf(each, await createTarget(each));
    if (all.length > 1) assertRereadable(context.inputs);
    const isLast = (result: LoadResult): boolean => i + 1 === all.length || !continues(result);
    const merged = (result: LoadResult): LoadResult =>
      all.length === 1 ? result : mergeResults([...done, { db: each.db, result }]);
    const result = await load(remaining(each, done), {
      ...context,
      writeResults: async (latest) => {
        if (isLast(latest())) await context.writeResults?.(() => merged(latest()));
      },
    });
    if (isLast(result)) return merged(result);
    const { points } = result.summary;
    context.notify({
      level: 'info',
      kind: `database ${each.db}`,
      message: `${each.contexts?.join(', ')} → ${each.db}: ${plural(points.read, 'point')} read, ${count(points.loaded)} loaded, ${count(points.rejected)} rejected`,
    });
    done.push({ db: each.db, result });
  }
}

/** Reduces --max-duration by the duration of the loads so far, because the option limits the whole command. */
function remaining(settings: Settings, done: readonly DatabaseResult[]): Settings {
  const { maxDurationMs } = settings;
  if (maxDurationMs === null) return settings;
  const spentMs = done.reduce((sum, { result }) => sum + result.summary.seconds * 1000, 0);
  return { ...settings, maxDurationMs: Math.max(1, maxDurationMs - spentMs) };
}

function assertRereadable(inputs: readonly Input[]): void {
  const pipe = inputs.find(({ size }) => size === null);
  if (pipe === undefined) return;
  throw new UsageError([
    {
      tried: `reading ${pipe.name} for several databases`,
      expected: 'a file, which is read once for each database of --context-map',
      found: 'a pipe, which can be read only once',
      fix: 'write the data of the pipe to a file, or load one database with --context and --db',
    },
  ]);
}
