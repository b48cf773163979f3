// Changes every comparison and hexadecimal constant of the kernels, one at a time, and checks whether a short run against the
// built kernel notices: node test/formats/mutate.js [lines|rows], after npm run build. Prints the survivors and fails below
// 95 %. `survivors.json` explains why no input can reveal each survivor.

import { readdirSync, readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import asc from 'assemblyscript/asc';

const LEAST = 0.95;
const assembly = new URL('../../src/formats/kernel/assembly/', import.meta.url);
const kernels = [
  { name: 'lines', oracle: 'kernel/oracle.ts' },
  { name: 'rows', oracle: 'rows/noticed.ts' },
];
/** By path below `assembly`: a folder for each kernel, and the files that both use. */
const sources = sourcesIn(assembly);
const known = JSON.parse(readFileSync(new URL('survivors.json', import.meta.url), 'utf8'));
const opposite = { '==': '!=', '!=': '==', '<': '<=', '<=': '<', '>': '>=', '>=': '>', '||': '&&', '&&': '||' };
/** Without optimization a change compiles in a third of the time. */
const options = ['-O0', '--enable', 'simd', '--runtime', 'stub', '--importMemory', '--use', 'abort='];
/** A changed loop may never end, so the oracle runs in a thread that can be stopped. */
const PATIENCE_MS = 20_000;
const FIRST_PATIENCE_MS = 120_000;

function sourcesIn(folder) {
  const names = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.ts'));
  return new Map(names.map((name) => [name, readFileSync(new URL(name, folder), 'utf8')]));
}

/** Finds the places to change: comparisons between spaces, and hexadecimal constants, which are bytes and masks. */
function places(file, source) {
  const found = [];
  for (const match of source.matchAll(/(?<= )(==|!=|<=|>=|<|>|\|\||&&)(?= )|\b0x[0-9a-f]+\b/g)) {
    const line = source.slice(source.lastIndexOf('\n', match.index) + 1, source.indexOf('\n', match.index));
    if (/^\s*(\/\/|\/?\*)/.test(line)) continue;
    const text = match[0];
    const to = opposite[text] ?? `0x${(BigInt(text) ^ 1n).toString(16)}`;
    const changed = source.slice(0, match.index) + to + source.slice(match.index + text.length);
    const place = `${file}:${source.slice(0, match.index).split('\n').length}`;
    found.push({ file, changed, place, change: `${text} → ${to}`, code: line.trim() });
  }
  return found;
}

async function compile(main, sources) {
  let binary = null;
  const { error } = await asc.main([main, '-o', 'kernel.wasm', ...options], {
    readFile: (name) => sources.get(name) ?? null,
    writeFile: (_name, contents) => {
      binary = contents;
    },
    listFiles: () => [],
    stdout: { write: () => {} },
    stderr: { write: () => {} },
  });
  return error ? null : binary;
}

/** Runs an oracle in a thread and answers one question at a time. */
class Oracle {
  #path;
  #worker;
  #isFirst = true;

  constructor(path) {
    this.#path = path;
    this.#start();
  }

  #start() {
    this.#worker = new Worker(new URL('mutate-worker.js', import.meta.url), { workerData: this.#path });
    this.#isFirst = true;
  }

  notices(binary) {
    const patience = this.#isFirst ? FIRST_PATIENCE_MS : PATIENCE_MS;
    this.#isFirst = false;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        void this.#worker.terminate();
        this.#start();
        resolve(true);
      }, patience);
      this.#worker.removeAllListeners();
      this.#worker.once('error', reject);
      this.#worker.once('message', (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      this.#worker.postMessage(binary);
    });
  }

  end() {
    return this.#worker.terminate();
  }
}

async function mutate({ name, oracle: path }) {
  const main = `${name}/index.ts`;
  const oracle = new Oracle(path);
  if (await oracle.notices(await compile(main, sources))) {
    throw new Error(`the kernel for ${name} as it is was not expected to be noticed`);
  }
  const own = [...sources].filter(([file]) => file.startsWith(`${name}/`) || !file.includes('/'));
  const all = own.flatMap(([file, source]) => places(file, source));
  const survivors = [];
  const judge = async (binary, mutation) => {
    if (binary !== null && !(await oracle.notices(binary))) survivors.push(mutation);
  };
  let judged = Promise.resolve();
  for (const { file, changed, ...mutation } of all) {
    // The previous change is judged while this one compiles.
    const binary = await compile(main, new Map([...sources, [file, changed]]));
    await judged;
    judged = judge(binary, mutation);
  }
  await judged;
  await oracle.end();
  const unargued = survivors.filter(
    ({ change, code }) => !known[name].some((each) => each.change === change && each.code === code),
  );
  const caught = all.length - survivors.length;
  process.stdout.write(
    `${JSON.stringify({ kernel: name, changes: all.length, caught, survivors, unargued: unargued.length }, null, 1)}\n`,
  );
  return caught / all.length >= LEAST && unargued.length === 0;
}

const [, , only] = process.argv;
let isGood = true;
for (const each of kernels) if (only === undefined || only === each.name) isGood = (await mutate(each)) && isGood;
process.exitCode = isGood ? 0 : 1;
