// Schemas that several kinds of state files use.

import { z } from 'zod';

export const countSchema = z.int().nonnegative();

/** A `Position` as written to a file. */
export const positionSchema = z.strictObject({
  byteOffset: countSchema,
  line: z.int().positive(),
  ordinal: countSchema,
  digits: countSchema,
});
