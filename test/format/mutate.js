// Flips every comparison and constant of a mask in the kernel's source, one at a time, and asks a short run of the
// oracle whether it notices: node test/format/mutate.js, after npm run build. Prints the survivors; fails below 95 %.
// `survivors.json` beside it says why each survivor is one that no input can show.

import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import asc from 'assemblyscript/asc';

const LEAST = 0.95;
const source = readFileSync(new URL('../../src/format/kernel/assembly/kernel.ts', import.meta.url), 'utf8');
const known = JSON.parse(readFileSync(new URL('survivors.json', import.meta.url), 'utf8'));
const opposite = { '==': '!=', '!=': '==', '<': '<=', '<=': '<', '>': '>=', '>=': '>', '||': '&&', '&&': '||' };
const options = ['-O1', '--enable', 'simd', '--runtime', 'stub', '--importMemory', '--use', 'abort='];

/** Places to change: comparisons between spaces, and constants in hexadecimal, which are bytes and masks. */
function places() {
  const found = [];
  for (const match of source.matchAll(/(?<= )(==|!=|<=|>=|<|>|\|\||&&)(?= )|\b0x[0-9a-f]+\b/g)) {
    const line = source.slice(source.lastIndexOf('\n', match.index) + 1, source.indexOf('\n', match.index));
    if (/^\s*(\/\/|\/?\*)/.test(line)) continue;
    const text = match[0];
    const to = opposite[text] ?? `0x${(BigInt(text) ^ 1n).toString(16)}`;
    found.push({ at: match.index, text, to, line: source.slice(0, match.index).split('\n').length, code: line.trim() });
  }
  return found;
}

async function compile(text) {
  let binary = null;
  const { error } = await asc.main(['kernel.ts', '-o', 'kernel.wasm', ...options], {
    readFile: (name) => (name === 'kernel.ts' ? text : null),
    writeFile: (_name, contents) => {
      binary = contents;
    },
    listFiles: () => [],
    stdout: { write: () => {} },
    stderr: { write: () => {} },
  });
  return error ? null : binary;
}

/** Changed loops may never end: the oracle runs in a thread that can be stopped. */
const PATIENCE_MS = 20_000;
const start = () => new Worker(new URL('mutate-worker.js', import.meta.url));
let worker = start();

function noticed(binary) {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      void worker.terminate();
      worker = start();
      resolve(true);
    }, PATIENCE_MS);
    worker.removeAllListeners();
    worker.once('message', (answer) => {
      clearTimeout(timer);
      resolve(answer);
    });
    worker.postMessage(binary);
  });
}

const all = places();
const survivors = [];
let caught = 0;
if (await noticed(await compile(source))) throw new Error('the kernel as it is was not expected to be noticed');
for (const { at, text, to, line, code } of all) {
  const binary = await compile(source.slice(0, at) + to + source.slice(at + text.length));
  if (binary === null || (await noticed(binary))) caught++;
  else survivors.push({ line, change: `${text} → ${to}`, code });
}
await worker.terminate();
const unargued = survivors.filter(
  ({ change, code }) => !known.some((each) => each.change === change && each.code === code),
);
process.stdout.write(
  `${JSON.stringify({ changes: all.length, caught, survivors, unargued: unargued.length }, null, 1)}\n`,
);
process.exitCode = caught / all.length >= LEAST && unargued.length === 0 ? 0 : 1;
