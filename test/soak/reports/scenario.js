// What one random run loads, where to, with which faults and which signal. The seed decides everything.

import { gzipSync } from 'node:zlib';
import { randoms } from '../kill-load.js';

const startSeconds = 1_640_995_200;
/** Numbers of the points of one input; those of the next input follow. */
const idsPerInput = 100_000;

/**
 * @typedef {{ name: string; content: Buffer; ids: number[] }} MadeInput `ids`: numbers of the valid points
 * @typedef {'none' | 'retry' | 'dies' | 'small bodies' | 'slow'} Fault
 * @typedef {{ inputs: MadeInput[]; target: 'server' | 'two endpoints' | 'missing database' | 'nobody' | 'dry run';
 *   fault: Fault; signal: NodeJS.Signals[]; atWrite: number; options: string[] }} Scenario
 */

/** @param {number} seed @returns {Scenario} */
export function scenarioOf(seed) {
  const random = randoms(seed);
  /** @template T @param {readonly (readonly [T, number])[]} weights @returns {T} */
  const pick = (weights) => {
    let left = random(weights.reduce((sum, [, weight]) => sum + weight, 0));
    for (const [value, weight] of weights) {
      if (left < weight) return value;
      left -= weight;
    }
    throw new Error('weights are positive');
  };
  const inputs = Array.from({ length: 1 + random(3) }, (_, i) => makeInput(i, random, pick));
  /** @type {Scenario['target']} */
  const target = pick([
    ['server', 75],
    ['two endpoints', 10],
    ['missing database', 3],
    ['nobody', 4],
    ['dry run', 8],
  ]);
  /** @type {Fault} */
  const fault = pick([
    ['none', 40],
    ['retry', 30],
    ['dies', 10],
    ['small bodies', 10],
    ['slow', 10],
  ]);
  /** @type {NodeJS.Signals[]} */
  const signal = pick([
    [[], 55],
    [['SIGTERM'], 15],
    [['SIGINT'], 12],
    [['SIGINT', 'SIGINT'], 9],
    [['SIGKILL'], 9],
  ]);
  const options = pick([
    [[], 50],
    [['--verify'], 14],
    [['--limit', String(1 + random(400))], 10],
    [['--max-rejected', String(random(4))], 8],
    [['--accept-rejects', '5'], 8],
    [['--on-input-error', 'stop'], 5],
    [['--in-order'], 5],
  ]);
  const pace = random(4) === 0 ? ['--rate-points', String(300 + random(900)), '--max-duration', '1s'] : [];
  const batches = ['--batch-points', String(5 + random(60)), '--workers', String(1 + random(4))];
  return { inputs, target, fault, signal, atWrite: 1 + random(12), options: [...options, ...pace, ...batches] };
}

/**
 * @param {number} i @param {(range: number) => number} random
 * @param {<T>(weights: readonly (readonly [T, number])[]) => T} pick @returns {MadeInput}
 */
function makeInput(i, random, pick) {
  const kind = pick([
    ['plain', 30],
    ['bad lines', 16],
    ['gzip', 12],
    ['csv', 12],
    ['ndjson', 10],
    ['cut gzip', 6],
    ['old times', 6],
    ['noise', 4],
    ['empty', 2],
    ['milliseconds', 2],
  ]);
  const ids = Array.from({ length: 20 + random(400) }, (_, n) => i * idsPerInput + n);
  /** @param {number} id @param {string} [unit] */
  const point = (id, unit = '000000000') => `m,f=i${i} id=${id}i ${startSeconds + id}${unit}\n`;
  const text = ids.map((id) => point(id)).join('');
  /** @param {string} ending @param {string | Buffer} content @param {number[]} [valid] */
  const made = (ending, content, valid = ids) => ({
    name: `${i}.${ending}`,
    content: Buffer.from(content),
    ids: valid,
  });
  if (kind === 'gzip') return made('lp.gz', gzipSync(text));
  if (kind === 'cut gzip') return made('lp.gz', gzipSync(text).subarray(0, -(20 + random(200))));
  if (kind === 'noise') return made('lp', '<html>\n<body>\n');
  if (kind === 'empty') return made('lp', '# nothing\n', []);
  if (kind === 'milliseconds') return made('lp', ids.map((id) => point(id, '000')).join(''), []);
  if (kind === 'csv')
    return made('csv', `time,f,id\n${ids.map((id) => `${startSeconds + id}000000000,i${i},${id}\n`).join('')}`);
  if (kind === 'ndjson')
    return made('ndjson', ids.map((id) => `{"time":${startSeconds + id}000000000,"f":"i${i}","id":${id}}\n`).join(''));
  if (kind === 'plain') return made('lp', text);
  const isBad = new Set(ids.filter(() => random(60) === 0));
  const bad = kind === 'old times' ? (/** @type {number} */ id) => point(id, '') : () => 'm,f=x id=oops 1\n';
  const lines = ids.map((id) => (isBad.has(id) ? bad(id) : point(id)));
  return made(
    'lp',
    lines.join(''),
    ids.filter((id) => !isBad.has(id)),
  );
}

/** Returns the input that a point belongs to. @param {number} id */
export function inputOf(id) {
  return Math.floor(id / idsPerInput);
}
