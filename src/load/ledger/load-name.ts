// Computes the name of a load from its identity: the target, the inputs, and the options that affect how inputs are
// read. Endpoints, credentials, and options of delivery, memory and output are not part of the identity.

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

/** Returns the name as 12 hex digits. The names of the load's files in the state directory begin with this name. */
export function loadName({ target, tenant, database, inputs, format, precision }: LoadIdentity): string {
  const identity = JSON.stringify([target, tenant, database, [...inputs].sort(), format, precision]);
  return createHash('sha256').update(identity).digest('hex').slice(0, 12);
}
