// Computes the name of a load from its identity: its target, its inputs, and how the bytes are read. Endpoints, credentials,
// and options of delivery, memory and output are not part of the identity.

import { createHash } from 'node:crypto';

export interface LoadIdentity {
  readonly target: string;
  readonly tenant: string;
  readonly database: string;
  /** Canonical names of the inputs: paths and patterns; `-` for standard input. */
  readonly inputs: readonly string[];
  readonly format: string;
  readonly precision: string;
}

/** Returns 12 hex digits: the name of the load's files in the state directory. */
export function loadName({ target, tenant, database, inputs, format, precision }: LoadIdentity): string {
  const identity = JSON.stringify([target, tenant, database, [...inputs].sort(), format, precision]);
  return createHash('sha256').update(identity).digest('hex').slice(0, 12);
}
