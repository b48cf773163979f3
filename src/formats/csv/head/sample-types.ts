// Infers the types of fields from the first bytes of inputs (samples), and caches the result for each sample. Most
// samples are read twice: when the load is planned, and when the load reads the input.

import { crc32 } from 'node:zlib';
import type { Mapping } from '../../rows/mapping/mapping.js';
import type { FieldTypes } from '../../rows/values/field-types.js';
import { type CellNotation, inferTypes, type RowSample } from '../column-types.js';

/** Largest number of samples in the cache. */
const maxSamples = 1024;

export class SampleTypes {
  readonly #types: FieldTypes;
  /** For each sample, the indexes of the fields that accept quoted numbers. The key contains the sample's checksum. */
  readonly #quoted = new Map<string, readonly number[]>();
  /** Checks the inferred types with the whole sample; null if no check is needed. */
  #confirm: (() => void) | null = null;

  constructor(types: FieldTypes) {
    this.#types = types;
  }

  /** Infers the types of undeclared fields. Throws UsageError for a column with numbers and words. */
  infer({ table, measurement, fields }: Mapping, sample: RowSample, notation: CellNotation): void {
    this.#confirm = null;
    if (fields.every(({ declared, reading }) => declared !== null || reading !== null)) return;
    const key = `${sample.from} ${sample.length} ${crc32(sample.memory.subarray(0, sample.length))}`;
    const known = this.#quoted.get(key);
    if (known === undefined) {
      this.#confirm = inferTypes({ table, measurement, fields }, sample, notation, (name, field, type) =>
        this.#types.infer(name, field, type),
      );
      if (this.#quoted.size === maxSamples) this.#quoted.clear();
      this.#quoted.set(
        key,
        [...fields.keys()].filter((i) => fields[i]!.acceptsQuoted),
      );
    } else for (const i of known) fields[i]!.acceptsQuoted = true;
  }

  /** Forgets the sample of the previous input. */
  begin(): void {
    this.#confirm = null;
  }

  /** Reads the whole sample, if only parts of it were read. Throws UsageError for a column with numbers and words. */
  confirm(): void {
    this.#confirm?.();
    this.#confirm = null;
  }
}
