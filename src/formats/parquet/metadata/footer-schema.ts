// Checks the types and ranges of all footer fields that the reader uses. The check is needed because the library
// (hyparquet) may decode a damaged footer to values of any type.

import { z } from 'zod';

const int32 = z.int32();
const count32 = int32.min(0);
/** A 64-bit count or offset. Rejects values that a JavaScript number cannot store exactly (2^53 or more). */
const count64 = z.bigint().min(0n).max(BigInt(Number.MAX_SAFE_INTEGER)).transform(Number);

const physical = z.enum([
  'BOOLEAN',
  'INT32',
  'INT64',
  'INT96',
  'FLOAT',
  'DOUBLE',
  'BYTE_ARRAY',
  'FIXED_LEN_BYTE_ARRAY',
]);

const schemaElement = z.object({
  type: physical.optional(),
  type_length: count32.optional(),
  repetition_type: z.enum(['REQUIRED', 'OPTIONAL', 'REPEATED']).optional(),
  name: z.string(),
  num_children: count32.optional(),
  converted_type: z.string().optional(),
  scale: count32.max(1000).optional(),
  logical_type: z
    .object({
      /** Undefined if the file states a type that the library (hyparquet) does not know. */
      type: z.string().optional(),
      unit: z.enum(['MILLIS', 'MICROS', 'NANOS']).optional(),
      isAdjustedToUTC: z.boolean().optional(),
      isSigned: z.boolean().optional(),
    })
    .optional(),
});

const columnChunk = z.object({
  file_path: z.string().optional(),
  meta_data: z
    .object({
      path_in_schema: z.array(z.string()),
      codec: z.string(),
      num_values: count64,
      total_uncompressed_size: count64,
      total_compressed_size: count64,
      data_page_offset: count64,
      dictionary_page_offset: count64.optional(),
    })
    .optional(),
  crypto_metadata: z.unknown(),
  encrypted_column_metadata: z.unknown(),
});

const footer = z.object({
  schema: z.array(schemaElement).min(1),
  num_rows: count64,
  row_groups: z.array(z.object({ columns: z.array(columnChunk), num_rows: count64 })),
});

export type Physical = z.infer<typeof physical>;
export type SchemaElement = z.infer<typeof schemaElement>;

export type ColumnChunk = z.infer<typeof columnChunk>;
export type FileFooter = z.infer<typeof footer>;

/** Checks a decoded footer. Throws an error that names the first invalid field. */
export function checkFooter(decoded: unknown): FileFooter {
  return checked(footer, decoded);
}

/** Checks a value against a schema. Throws an error that names the first invalid field. */
export function checked<T extends z.ZodType>(schema: T, value: unknown): z.infer<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new Error(`field ${issue?.path.join('.')}: ${issue?.message}`);
}
