// What makes a load the same load: where it goes, from what, and how the bytes are read. Not endpoints, credentials,
// delivery, memory or output options.

import { createHash } from 'node:crypto';

export interface LoadIdentity {
  readonly target: string;
  readonly tenant: string;
  readonly database: string;
  /** What was named, made canonical: paths and patterns; `-` for standard input. */
  readonly inputs: readonly string[];
  readonly format: string;
  readonly precision: string;
}

/** 12 hex digits: the name of the load's files in the state directory. */
export function loadName({ target, tenant, database, inputs, format, precision }: LoadIdentity): string {
  const identity = JSON.stringify([target, tenant, database, [...inputs].sort(), format, precision]);
  return createHash('sha256').update(identity).digest('hex').slice(0, 12);
}
