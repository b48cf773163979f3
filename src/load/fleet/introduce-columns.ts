// Creates tables and columns before a fleet sends points. In CnosDB, parallel writes that introduce columns can store
// values under wrong columns, and a refused ALTER TABLE breaks the database. So new tables are created by CREATE TABLE.
// New columns of existing tables are created by an ordinary load, which sends their points one batch at a time.

import type { Settings } from '../../config/settings.js';
import type { Clock, Input, Notice, Shape, Target } from '../../core/types/index.js';
import { streamInput } from '../../inputs/custom.js';
import { assertShown } from '../../schema/await-columns.js';
import { Catalogue } from '../../schema/catalogue.js';
import { load } from '../pipeline.js';

/**
 * A table with columns that the target lacks. `point` is an input point with these columns; null without a known point.
 */
export interface Introduced {
  readonly shape: Shape;
  readonly point: Uint8Array | null;
}

export interface IntroduceContext {
  readonly version: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly notify: (notice: Notice) => void;
  readonly createTarget: (settings: Settings) => Promise<Target>;
}

/**
 * Creates tables and columns. Returns how many tables and columns it created. Throws RefusedError if an endpoint does
 * not show the columns afterwards. If a load of points creates the columns and fails, throws the error of this load.
 */
export async function introduceColumns(
  settings: Settings,
  target: Target,
  introduced: readonly Introduced[],
  context: IntroduceContext,
): Promise<Catalogue['introduced']> {
  const { clock, signal } = context;
  const { sharedNames } = settings.names;
  const known = new Catalogue(await target.columns(signal), sharedNames);
  const created: Shape[] = [];
  for (const shape of tablesOf(introduced))
    if (!known.has(shape.table) && (await target.createTable?.(shape, signal)) === true) created.push(shape);
  const tables = created.map(({ table }) => ({ table, columns: [] }));
  await assertShown(target, tables, sharedNames, clock, signal);
  const present = new Catalogue(await target.columns(signal), sharedNames);
  const missing = introduced.filter(({ shape, point }) => point !== null && present.match(shape).kind === 'introduces');
  if (missing.length > 0) await loadPoints(settings, missing, context);
  const shapes = introduced.filter(({ point }) => point !== null).map(({ shape }) => shape);
  await assertShown(target, shapes, sharedNames, clock, signal);
  known.pin([...created, ...shapes]);
  return known.introduced;
}

/** Merges the shapes of each table into one shape that has all their columns. */
function tablesOf(introduced: readonly Introduced[]): Shape[] {
  const tables = new Map<string, Map<string, Shape['columns'][number]>>();
  for (const { shape } of introduced) {
    const columns = tables.get(shape.table) ?? new Map<string, Shape['columns'][number]>();
    tables.set(shape.table, columns);
    for (const column of shape.columns) if (!columns.has(column.name)) columns.set(column.name, column);
  }
  return [...tables].map(([table, columns]) => ({ table, columns: [...columns.values()] }));
}

/**
 * Runs an ordinary load of the points that introduce columns. A load sends a batch that introduces columns only while
 * no other batch is in flight. The shards later load the same points again.
 */
async function loadPoints(
  settings: Settings,
  missing: readonly Introduced[],
  context: IntroduceContext,
): Promise<void> {
  const { signal, createTarget } = context;
  const text = Buffer.concat(missing.flatMap(({ point }) => [point!, Buffer.from('\n')]));
  const input: Input = streamInput('points that introduce columns', async function* () {
    yield await Promise.resolve(text);
  });
  const own: Settings = {
    ...settings,
    ...{ format: 'lp', contexts: null, checkpoint: false, createDb: false, dbOptions: null, minPoints: 0 },
    ...{ report: null, verify: false, skipLoaded: false, maxRejected: { count: missing.length } },
  };
  const { error } = await load(own, {
    ...context,
    inputs: [input],
    target: await createTarget(own),
    ...{ stop: signal, abort: signal, command: null, watch: () => {}, workerThread: false },
  });
  if (error !== null) throw error;
}
