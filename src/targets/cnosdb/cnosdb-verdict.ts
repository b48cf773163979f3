// What CnosDB's answers mean. One table, messages first and codes second: the same failure has other codes depending on
// the server's version and on whether the node asked is the leader of what is written.

import type { Verdict } from '../../core/types/index.js';
import { type HttpAnswer, isError, verdictOfStatus } from '../http/http-status.js';

interface KnownProblem {
  readonly code: string;
  readonly message: string;
}

interface VerdictRule {
  readonly message: RegExp;
  /** Six digits, or the first two of them for a whole module. */
  readonly codes: readonly string[];
  readonly means: (problem: KnownProblem) => Verdict;
}

const rejected =
  (reason: string, offset: (message: string) => number | null = () => null) =>
  ({ message }: KnownProblem): Verdict => ({
    kind: 'rejected',
    reason,
    message,
    offset: offset(message),
    tooLarge: false,
    unknown: reason === 'target-unknown',
  });

const forming =
  (mayBeApplied: boolean) =>
  ({ message }: KnownProblem): Verdict => ({ kind: 'forming', reason: message, mayBeApplied });

const overloaded =
  (memory: boolean, mayBeApplied: (problem: KnownProblem) => boolean) =>
  (problem: KnownProblem): Verdict => ({
    kind: 'overloaded',
    reason: problem.message,
    retryAfterMs: null,
    mayBeApplied: mayBeApplied(problem),
    memory,
    timedOut: false,
  });

const refused = ({ message }: KnownProblem): Verdict => ({ kind: 'refused', reason: message });

/** Where the parser stopped; `invalid field value` and `invalid line protocol syntax` do not say. */
function parserOffset(message: string): number | null {
  const found = /(?:fail to parse timestamp|unexpect token '[\s\S]{1,8}?'|unexpect end line start) at '?(\d+)'?$/.exec(
    message,
  );
  return found === null ? null : Number(found[1]);
}

/** Refused before anything is written: 050033, and 020005 before 2.4.2. Elsewhere a part may have been applied. */
const afterApply = ({ code }: KnownProblem): boolean => code !== '050033' && code !== '020005';

// In this order. Those that quote the user's text come first and are anchored, so that no column named "Leader" and no
// value 'request timed out' is taken for the server's own trouble.
const rules: readonly VerdictRule[] = [
  { message: /^Error parsing message/, codes: ['040004'], means: rejected('target-parse', parserOffset) },
  { message: /^Invalid utf-8 sequence/i, codes: ['040015'], means: rejected('target-utf8') },
  {
    message: /type error, found|line to batch error|Expected \w+( type as time)? column|Time column not found/,
    codes: ['050017', '020040', '020004', '020011'],
    means: rejected('target-type'),
  },
  {
    message: /Fields can't be empty|Table name can't be empty|Field column not found/,
    codes: [],
    means: rejected('target-parse'),
  },
  { message: /Apply engine failed: Table .* not found/, codes: [], means: rejected('target-type') }, // STRICT_WRITE
  { message: /create expired bucket|write expired time data/, codes: ['050025'], means: rejected('target-expired') },
  { message: /timestamp overflow|create bucket unknown error/, codes: ['050024'], means: rejected('target-timestamp') },
  {
    message: /Memory Exhausted|Resources exhausted/i,
    codes: ['050033', '020005'],
    means: overloaded(true, afterApply),
  },
  { message: /reached limit/, codes: ['030024', '010012'], means: overloaded(false, () => false) },
  { message: /Request meta cluster error|Please try again/, codes: ['030015', '030025'], means: forming(false) },
  {
    message:
      /Access denied|Insufficient privileges|Auth error|^(The )?(tenant|user|member) .* not found|Database not found|^Database .* not found/i,
    codes: ['010016', '010004', '030010', '030017', '050009'],
    means: refused,
  },
  { message: /error trying to connect|Connect to Server|Connection refused/, codes: ['030026'], means: forming(false) },
  { message: /timed? ?out|deadline/i, codes: ['060004', '060010', '020008'], means: overloaded(false, () => true) },
  {
    message:
      /only Exec in Leader|Forward to Leader|forward request to|Raft Node|raft|ReplicationSet not found|replication set|Not enough valid replica|Valid node is not enough|Vnode not found|vnode is moving|send to new address/i,
    codes: [
      '050026',
      '050027',
      '050028',
      '050029',
      '050030',
      '050022',
      '050023',
      '050015',
      '030028',
      '030036',
      '030053',
      '030055',
    ],
    means: forming(false),
  },
  // The server's own disk and address space: true of any batch, so never a reason to search one for bad points.
  {
    message: /storage error|No space left|Resource temporarily unavailable|Too many open files|(^|\W)IO( error|:)/i,
    codes: ['020033'],
    means: overloaded(false, () => true),
  },
  { message: /^pre-execution failed|^grpc client request error/, codes: ['050016', '050019'], means: forming(true) },
  { message: /^Error decode request/, codes: ['040013'], means: refused },
  { message: /(?!)/, codes: ['06', '050001', '050002', '050004', '050005'], means: forming(true) },
];

function problemOf(body: string): KnownProblem | null {
  try {
    const read: unknown = JSON.parse(body);
    if (!isError(read)) return null;
    return { code: read.error_code, message: read.error_message };
  } catch {
    return null;
  }
}

function verdictOfProblem(problem: KnownProblem): Verdict {
  const byMessage = rules.find((rule) => rule.message.test(problem.message));
  const byCode = (rule: VerdictRule): boolean => rule.codes.some((code) => problem.code.startsWith(code));
  return (byMessage ?? rules.find(byCode))?.means(problem) ?? rejected('target-unknown')(problem);
}

/**
 * What an answer to a write means. Total: an answer that nobody has described is `rejected` with `unknown` (422) or what
 * its status says. `now` in ms since 1970, for a Retry-After that is a date.
 */
export function verdict(answer: HttpAnswer, now: number): Verdict {
  const problem = answer.status === 422 || answer.status === 400 ? problemOf(answer.body) : null;
  if (answer.status === 422) {
    const said = answer.body.trim().slice(0, 200);
    return problem ? verdictOfProblem(problem) : rejected('target-unknown')({ code: '', message: `422 ${said}` });
  }
  return verdictOfStatus(answer, problem?.message ?? null, now);
}
