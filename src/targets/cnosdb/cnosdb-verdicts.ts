// The meaning of CnosDB's responses to a write. The message of an error decides before its code, because the code
// differs between versions, and also depends on whether the node that responds is the leader of the replica.

import { z } from 'zod';
import { jsonOf } from '../http/response-text.js';
import type { Meaning, TargetError, VerdictRow, VerdictTable } from '../http/verdict-table.js';

const errorSchema = z.object({ error_code: z.string(), error_message: z.string() });

function errorOf(body: string): TargetError | null {
  const error = errorSchema.safeParse(jsonOf(body));
  return error.success ? { code: error.data.error_code, message: error.data.error_message } : null;
}

/** Returns the byte offset at which CnosDB's parser stopped; null if the message names no offset. */
function offsetOf(message: string): number | null {
  const found = /(?:fail to parse timestamp|unexpect token '[\s\S]{1,8}?'|unexpect end line start) at '?(\d+)'?$/.exec(
    message.slice(-128),
  );
  return found === null ? null : Number(found[1]);
}

/**
 * Returns false if the points are certainly not stored after this error: 050033, or 020005 in versions before 2.4.2.
 */
const afterApply = (code: string): boolean => code !== '050033' && code !== '020005';

const row = (
  means: Meaning,
  message: RegExp | undefined,
  codes: readonly string[],
  more: Partial<VerdictRow> = {},
): VerdictRow => ({ status: 422, means, codes, ...(message === undefined ? {} : { message }), ...more });

const signIn = { advice: 'check --user and --password' };
const leaderCodes = ['050026', '050027', '050028', '050029', '050030', '050022', '050023', '050015'];
const replicaCodes = ['030028', '030036', '030053', '030055'];

// The order matters. Rows for messages that quote text of the user come first. Otherwise a column named "Leader" or a
// value 'request timed out' could be mistaken for a problem of the server.
const rows: readonly VerdictRow[] = [
  row('target-parse', /^Error parsing message/, ['040004']),
  row('target-utf8', /^Invalid utf-8 sequence/i, ['040015']),
  row(
    'target-type',
    /type error, found|line to batch error|Expected \w+( type as time)? column|Time column not found/,
    ['050017', '020040', '020004', '020011'],
  ),
  row('target-parse', /Fields can't be empty|Table name can't be empty|Field column not found/, []),
  row('target-type', /Apply engine failed: Table .* not found/, []), // with STRICT_WRITE
  row('target-expired', /create expired bucket|write expired time data/, ['050025']),
  row('target-timestamp', /timestamp overflow|create bucket unknown error/, ['050024']),
  row('overloaded', /Memory Exhausted|Resources exhausted/i, ['050033', '020005'], {
    memory: true,
    mayBeApplied: afterApply,
  }),
  row('overloaded', /reached limit/, ['030024', '010012'], { mayBeApplied: false }),
  row('forming', /Request meta cluster error|Please try again/, ['030015', '030025'], { mayBeApplied: false }),
  row('missing-database', /Database not found|^Database .* not found/i, []),
  row('refused', /Insufficient privileges/i, ['010004'], { advice: 'grant the privileges, or check --user' }),
  row('refused', /^(Auth error: )?(The )?tenant .* not found/i, ['030010'], { advice: 'check --tenant' }),
  row('refused', /Access denied|Auth error|^(The )?(user|member) .* not found/i, ['010016'], signIn),
  row('refused', undefined, ['030017', '050009']),
  row('forming', /error trying to connect|Connect to Server|Connection refused/, ['030026'], { mayBeApplied: false }),
  row('overloaded', /timed? ?out|deadline/i, ['060004', '060010', '020008'], { mayBeApplied: true }),
  row(
    'forming',
    /only Exec in Leader|Forward to Leader|forward request to|Raft Node|raft|ReplicationSet not found|replication set|Not enough valid replica|Valid node is not enough|Vnode not found|vnode is moving|send to new address/i,
    [...leaderCodes, ...replicaCodes],
    { mayBeApplied: false },
  ),
  // The server has no disk space, address space or file descriptors left. This error affects every batch, so the loader
  // does not search the batch for a bad point.
  row(
    'overloaded',
    /storage error|No space left|Resource temporarily unavailable|Too many open files|(^|\W)IO( error|:)/i,
    ['020033'],
    { mayBeApplied: true },
  ),
  row('forming', /^pre-execution failed|^grpc client request error/, ['050016', '050019']),
  row('refused', /^Error decode request/, ['040013'], { advice: 'check --compression' }),
  row('forming', undefined, ['06', '050001', '050002', '050004', '050005']),

  { status: 400, means: 'refused', advice: 'check --user, --password and --compression' },
  { status: 401, means: 'refused', advice: 'check --user and --password, or a proxy between bulk-load and the target' },
  { status: 403, means: 'refused', advice: 'check --user and --password, or a proxy between bulk-load and the target' },
  {
    status: 404,
    means: 'refused',
    advice:
      'give the HTTP address of a CnosDB query node (port 8902) with --url; a node in tskv mode has no /api/v1/write',
  },
  ...[405, 501].map(
    (status): VerdictRow => ({
      status,
      means: 'refused',
      advice: 'give the HTTP address of a CnosDB query node (port 8902) with --url',
    }),
  ),
];

export const verdicts: VerdictTable = { title: 'CnosDB', acknowledgement: 200, rows, errorOf, offsetOf };
