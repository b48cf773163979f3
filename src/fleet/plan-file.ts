// Reads and writes the plan of a load over many machines: a JSON file that every machine reads. A plan contains no
// target endpoint and no secret.

import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { errorCode, StateError, UsageError } from '../core/errors.js';
import { readText, replaceFile } from '../core/io/files.js';
import { countSchema as count, positionSchema } from '../core/io/position-schema.js';

const formatVersion = 1;

export const pieceSchema = z.strictObject({
  from: positionSchema,
  /** Position at which the next piece begins; null for the last piece of an input. */
  to: positionSchema.nullable(),
  /** Size of the piece in the stored input, bytes. */
  bytes: count,
  /** Number of points in the piece, including rejected points; null if planning did not parse the piece. */
  points: count.nullable(),
});

/** An input and a hash of its content. The content must be equal on every machine. */
export const inputContentSchema = z.strictObject({
  /** Canonical path, or URL without secrets. */
  path: z.string(),
  /** Columns that `key=value` folders in the input's path add to each row. */
  folders: z.array(z.strictObject({ name: z.string(), value: z.string().nullable() })),
  size: count,
  /** Result of `contentHash`; null if both size and version of the input are unknown. */
  hash: z.string().nullable(),
});

const plannedInputSchema = inputContentSchema.extend({
  /** Name that the user gave, for messages and dead letters. */
  name: z.string(),
  /** Reason why the input cannot be loaded completely; null if planning found no error. */
  error: z.string().nullable(),
  pieces: z.array(pieceSchema),
});

const allowance = z.union([z.strictObject({ count: z.number() }), z.strictObject({ percent: z.number() })]);

/** A 64-bit integer as decimal text. */
const wholeNumber = z.string().regex(/^-?\d{1,20}$/);

/** Time spans, decoded size and sampled rows of the inputs. Times are in units of --precision. */
export const timesSchema = z.strictObject({
  spans: z.array(z.strictObject({ first: wholeNumber, last: wholeNumber })),
  unseen: count,
  totalBytes: count.nullable(),
  rows: z
    .strictObject({
      ...{
        points: count,
        slots: z.number(),
        values: count,
        rowsPerPoint: z.number(),
        bytes: count,
        series: z.number(),
      },
      strings: z.strictObject({ count, bytes: count }),
    })
    .optional(),
});

/** Type of each field, by table and field name. Only formats with rows, such as CSV, use these types. */
export const fieldTypesSchema = z.record(z.string(), z.record(z.string(), z.string()));

const planSchema = z.strictObject({
  formatVersion: z.literal(formatVersion),
  /** Version of bulk-load that wrote the plan. */
  version: z.string(),
  /** Identifier of the plan: a hash of its content. */
  id: z.string(),
  /**
   * Options that identify the load, and all options that the user gave in the groups input, mapping, batch, delivery
   * and memory.
   */
  options: z.record(z.string(), z.unknown()),
  /**
   * Text that contains the target's kind, the database, and the options that affect how inputs are read. The text must
   * be equal for every shard.
   */
  identity: z.string(),
  /** Limits that hold for all shards together. */
  limits: z.strictObject({ maxRejected: allowance, acceptRejects: allowance, minPoints: count }),
  /**
   * Type of each field in formats with rows, by table and field name. Planning determines the types from all inputs.
   */
  fieldTypes: fieldTypesSchema,
  times: timesSchema,
  /** Numbers of tables and columns that planning found in the inputs but not in the target. Not part of `id`. */
  introduced: z.strictObject({ tables: count, columns: count }).default({ tables: 0, columns: 0 }),
  inputs: z.array(plannedInputSchema),
});

export type FleetPlan = z.infer<typeof planSchema>;
export type PlannedInput = z.infer<typeof plannedInputSchema>;
export type PlannedPiece = z.infer<typeof pieceSchema>;

/** Largest plan file or summary file that bulk-load reads, bytes. The file of a million inputs is smaller. */
export const maxPlanBytes = 256 * 1024 * 1024;
const inputsOfPart = 1000;

/** Returns the id of a plan: a hash of its content. */
export function planId(content: Omit<FleetPlan, 'id' | 'formatVersion'>): string {
  const { introduced: _, ...named } = content;
  const hash = createHash('sha256');
  for (const part of jsonParts(named)) hash.update(part);
  return hash.digest('hex').slice(0, 12);
}

/**
 * Yields the JSON of a plan in parts; each part contains many inputs. The whole text would take 50 MB for 100,000
 * inputs.
 */
function* jsonParts({ inputs, ...rest }: Pick<FleetPlan, 'inputs'> & Partial<FleetPlan>): Generator<string, void> {
  yield `${JSON.stringify(rest).slice(0, -1)},"inputs":[`;
  for (let i = 0; i < inputs.length; i += inputsOfPart) {
    const some = inputs.slice(i, i + inputsOfPart).map((input) => JSON.stringify(input));
    yield `${i === 0 ? '' : ','}\n${some.join(',\n')}`;
  }
  yield '\n]}\n';
}

/** Reads a plan. Throws UsageError for a missing file and for a file that is not a plan. */
export async function readPlan(path: string): Promise<FleetPlan> {
  const tried = `reading the plan ${path}`;
  const expected = 'a file that bulk-load plan wrote';
  const fix = 'write a plan with bulk-load plan --plan FILE INPUT…';
  let text: string;
  try {
    text = await readText(path, maxPlanBytes);
  } catch (error) {
    throw new UsageError([{ tried, expected, found: errorCode(error), fix }], { cause: error });
  }
  let plan: FleetPlan;
  let isAsWritten: boolean;
  try {
    const content = JSON.parse(text) as FleetPlan;
    plan = planSchema.parse(content);
    const { formatVersion: _, id, ...named } = content;
    isAsWritten = planId(named) === id;
  } catch (error) {
    throw new UsageError([{ tried, expected, found: 'a file with other content', fix }], { cause: error });
  }
  if (isAsWritten) return plan;
  const found = `a file that has changed since plan ${plan.id} was written`;
  throw new UsageError([
    { tried, expected, found, fix: 'do not edit a plan; to change its options, run bulk-load plan again' },
  ]);
}

/** Writes the plan file. If writing fails, an existing file at this path remains unchanged. Throws StateError. */
export async function writePlan(path: string, plan: FleetPlan): Promise<void> {
  try {
    await replaceFile(path, async (file) => await writeFile(file, jsonParts(plan)));
  } catch (error) {
    const problem = { tried: `writing the plan ${path}`, expected: 'a path where bulk-load can write a file' };
    throw new StateError({ ...problem, found: errorCode(error), fix: 'name another file' }, { cause: error });
  }
}
