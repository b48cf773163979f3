// Decides whether a changed kernel differs from the built one. A kernel that leaves a row it should take, or delegates a time
// it should read, differs as well.

import { createHash } from 'node:crypto';
import { TimeCell } from '../../../src/formats/timestamps/time-cell.js';
import { random } from '../kernel/oracle.js';
import { type Case, cases } from './cases.js';
import { account, made } from './oracle.js';

const seed = 7;
/** Random inputs for each case. */
const inputs = 40;

interface Input {
  readonly bytes: Uint8Array;
  readonly chunks: readonly number[];
}

function inputsOf({ rows, edges }: Case): Input[] {
  const each = edges().map((bytes) => ({ bytes, chunks: [] }));
  if (rows === null) return each;
  const next = random(seed);
  const chance = Array.from({ length: inputs }, () => ({
    bytes: rows(next),
    chunks: Array.from({ length: next(20) }, () => 1 + next(300)),
  }));
  const bytes = rows(next);
  return [...each, { bytes, chunks: Array.from({ length: bytes.length }, () => 1) }, ...chance];
}

let delegatedTimes = 0;
const put = Reflect.get(TimeCell.prototype, 'put') as TimeCell['put'];
TimeCell.prototype.put = function (this: TimeCell, ...range) {
  delegatedTimes++;
  return put.apply(this, range);
};

/** Returns the results of a kernel for the inputs of a case, one after another. */
async function* outcomes(
  { name, options }: Case,
  given: readonly Input[],
  kernel?: Uint8Array,
): AsyncGenerator<string> {
  const { format, taken } = made(name, { ...options, kernel });
  for (const { bytes, chunks } of given) {
    delegatedTimes = 0;
    const results = await account(format, bytes, chunks);
    yield createHash('sha1')
      .update(`${results.join('\n')}\n${taken()} ${delegatedTimes}`)
      .digest('hex');
  }
}

interface Known {
  readonly of: Case;
  readonly inputs: readonly Input[];
  readonly built: readonly string[];
}

let known: Known[] | null = null;

async function all(): Promise<Known[]> {
  const found: Known[] = [];
  for (const of of cases) {
    const given = inputsOf(of);
    const built: string[] = [];
    for await (const outcome of outcomes(of, given)) built.push(outcome);
    found.push({ of, inputs: given, built });
  }
  return found;
}

export async function noticed(kernel: Uint8Array): Promise<boolean> {
  known ??= await all();
  for (const each of known) {
    const { of, inputs: given, built } = each;
    let i = 0;
    for await (const outcome of outcomes(of, given, kernel)) {
      if (outcome === built[i++]) continue;
      // Neighbouring changes are mostly noticed by the same rows.
      known = [each, ...known.filter((other) => other !== each)];
      return true;
    }
  }
  return false;
}
