// Changes the sources of a room at one place at a time and asks the room's tests whether they notice:
//   node test/mutation/mutate.js ROOM [--file PART] [--sample N] [--seed N] [--tests FOLDER,…] [--jobs N]
// Prints the survivors and fails below 85 % killed. survivors.json says why a survivor is one that no test can show.

import { fork } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { mutantsOf } from './mutants.js';

const leastKilled = 0.85;
/** A mutant that runs longer than its tests need hangs: it is killed. */
const patienceMs = 60_000;
const patienceFactor = 5;
/** Loading vitest and transforming all sources. */
const startMs = 600_000;

const root = fileURLToPath(new URL('../..', import.meta.url));
const known = JSON.parse(readFileSync(new URL('survivors.json', import.meta.url), 'utf8'));
/** Rooms whose behaviour shows in the tests of other rooms as well. */
const testsOfRoom = {
  batching: ['batching', 'state/resume.test.ts'],
  // Without tests of servers, browsers and files of many megabytes, which take minutes on a busy machine.
  load: [
    ...['index.test.ts', 'load/inputs/context-map.test.ts', 'load/ledger', 'load/stages'],
    ...['check', 'create-target', 'dry-run', 'load-databases', 'load-reuse', 'pipeline', 'prepare', 'run-control'].map(
      (name) => `load/${name}.test.ts`,
    ),
    ...['plan-memory', 'target-plan'].map((name) => `load/memory/${name}.test.ts`),
    ...['finish', 'load-progress', 'merge-results', 'phases', 'progress-bar', 'run-facts', 'run-phases'].map(
      (name) => `load/outcome/${name}.test.ts`,
    ),
    ...['checkpoint-saver', 'earlier-runs', 'input-starts', 'input-tracks', 'resume-state'].map(
      (name) => `load/resume/${name}.test.ts`,
    ),
    ...['pieces', 'plan-load', 'queue/follow', 'reconcile', 'scan-input', 'shard-inputs', 'shard-settings'].map(
      (name) => `load/fleet/${name}.test.ts`,
    ),
    ...['coordinate', 'fleet-jobs', 'fleet-record', 'fleet-snapshot', 'fleet-totals', 'piece-letters'].map(
      (name) => `load/fleet/queue/${name}.test.ts`,
    ),
    ...['piece-parts', 'worker'].map((name) => `load/fleet/queue/${name}.test.ts`),
  ],
  state: ['state'],
};

/** Runners with a live process group, ended when this process is stopped. */
const runners = new Set();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.once(signal, () => {
    for (const each of runners) each.close();
    process.exit(130);
  });

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    file: { type: 'string', default: '' },
    sample: { type: 'string' },
    seed: { type: 'string', default: '1' },
    tests: { type: 'string' },
    verbose: { type: 'boolean', default: false },
    jobs: { type: 'string', default: String(Math.max(1, availableParallelism() - 1)) },
  },
});

function filesBelow(folder, ending) {
  return readdirSync(join(root, folder), { recursive: true })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(root, folder, name));
}

/** Ends a test process and the workers that vitest started for it. */
function killGroup(child) {
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** A child process that runs tests; it is replaced once a mutant hangs in it. */
class Runner {
  #child = null;
  #folder = mkdtempSync(join(tmpdir(), 'mutation-'));
  #sources;

  constructor(sources) {
    this.#sources = sources;
    runners.add(this);
  }

  get folder() {
    return this.#folder;
  }

  async run(active, files, pattern, limitMs) {
    this.#child ??= await this.#start();
    const child = this.#child;
    return await new Promise((resolve) => {
      const end = (result) => {
        clearTimeout(timer);
        child.off('message', end);
        child.off('exit', died);
        resolve(result);
      };
      const stop = (why) => {
        killGroup(child);
        this.#child = null;
        end({ killedBy: why, durations: {} });
      };
      const died = () => stop('the test process ended');
      const timer = setTimeout(() => stop('it never ended'), limitMs);
      child.on('message', end);
      child.on('exit', died);
      child.send({ active, files, pattern });
    });
  }

  close() {
    if (this.#child !== null) killGroup(this.#child);
    rmSync(this.#folder, { recursive: true, force: true });
    runners.delete(this);
  }

  async #start() {
    const child = fork(fileURLToPath(new URL('run.js', import.meta.url)), {
      cwd: root,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      env: {
        ...process.env,
        MUTATION_FOLDER: this.#folder,
        MUTATION_SOURCES: JSON.stringify([...this.#sources]),
      },
      // A process group for itself: vitest's workers must end together with it.
      detached: true,
    });
    await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('vitest does not start')), startMs);
      child.once('message', () => {
        clearTimeout(timer);
        resolve();
      });
    });
    return child;
  }
}

/** Numbers between 0 and 1 that are the same for the same seed. */
function lots(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function sampleOf(mutants, size, random) {
  const left = [...mutants];
  while (left.length > size) left.splice(Math.floor(random() * left.length), 1);
  return left;
}

async function main() {
  const [room] = positionals;
  if (room === undefined) throw new Error('name a room: node test/mutation/mutate.js delivery');
  const mutants = [];
  const firstIds = new Map();
  for (const path of filesBelow(`src/${room}`, '.ts').filter((name) => basename(name).includes(values.file))) {
    const source = readFileSync(path, 'utf8');
    const lines = source.split('\n');
    firstIds.set(path, mutants.length);
    for (const mutant of mutantsOf(source)) {
      const file = relative(join(root, 'src'), path);
      mutants.push({ ...mutant, id: mutants.length, file, code: lines[mutant.line - 1].trim() });
    }
  }
  const folders = values.tests?.split(',') ?? testsOfRoom[room] ?? [room];
  const tests = folders.flatMap((folder) =>
    folder.endsWith('.ts') ? [join(root, 'test', folder)] : filesBelow(`test/${folder}`, '.test.ts'),
  );
  const runners = Array.from({ length: Number(values.jobs) }, () => new Runner(firstIds));
  try {
    const { durations, reachedBy } = await firstRun(runners[0], tests);
    const chosen =
      values.sample === undefined ? mutants : sampleOf(mutants, Number(values.sample), lots(Number(values.seed)));
    if (values.verbose)
      for (const [file, ms] of Object.entries(durations)) print(`${relative(root, file)}: ${Math.round(ms)} ms`);
    const left = [...chosen];
    const results = [];
    const kills = {};
    const alone = new Set();
    const work = async (runner) => {
      for (let mutant = left.shift(); mutant !== undefined; mutant = left.shift()) {
        const reached = reachedBy(mutant.id);
        // The tests of the same file kill most mutants. Then the files that killed most, for the time they take.
        const own = join(root, 'test', mutant.file.replace(/\.ts$/, '.test.ts'));
        const worth = (file) => (file === own ? Number.POSITIVE_INFINITY : (1 + (kills[file] ?? 0)) / durations[file]);
        const files = [...reached.keys()].sort((a, b) => worth(b) - worth(a));
        const needed = files.reduce((sum, file) => sum + durations[file], 0);
        const limitMs = patienceMs + patienceFactor * needed;
        const pattern = patternOf([...reached.values()].flat());
        const run = async () => {
          const { killedBy, file, test } = await runner.run(mutant.id, files, pattern, limitMs);
          if (test === undefined) return killedBy;
          kills[file] = (kills[file] ?? 0) + 1;
          if (alone.has(`${file} ${test}`)) return killedBy;
          // A test that needs an earlier one fails without it, whatever the mutant: then all tests of the files run.
          const before = files.slice(0, files.indexOf(file) + 1);
          const { killedBy: always } = await runner.run(-2, before, pattern, limitMs);
          if (always !== null) return (await runner.run(mutant.id, files, null, limitMs)).killedBy;
          alone.add(`${file} ${test}`);
          return killedBy;
        };
        const killedBy = files.length === 0 ? null : await run();
        results.push({ ...mutant, killedBy, reached: files.length > 0 });
        if (values.verbose) print(`${mutant.file}:${mutant.line} ${mutant.change}: ${killedBy ?? 'survived'}`);
        if (process.stderr.isTTY) process.stderr.write(`\r${results.length} of ${chosen.length} mutants `);
      }
    };
    await Promise.all(runners.map(work));
    report(room, results);
  } finally {
    for (const runner of runners) runner.close();
  }
}

/** Runs all tests without a mutant: which must pass, and what they reach. */
async function firstRun(runner, tests) {
  const { killedBy, durations } = await runner.run(-1, tests, null, 20 * 60_000);
  if (killedBy !== null) throw new Error(`the tests fail without a mutant: ${killedBy}`);
  const reached = readFileSync(join(runner.folder, 'reached'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .map(([file, outside, tests]) => ({
      file,
      outside: new Set(outside),
      tests: tests.map(([name, ids]) => ({ name, ids: new Set(ids) })),
    }));
  return {
    durations,
    /** Names of the tests that reach a mutant, by file. */
    reachedBy: (id) =>
      new Map(
        reached
          .map(({ file, outside, tests }) => [file, tests.filter(({ ids }) => outside.has(id) || ids.has(id))])
          .filter(([, tests]) => tests.length > 0)
          .map(([file, tests]) => [file, tests.map(({ name }) => name)]),
      ),
  };
}

function patternOf(names) {
  return `^(?:${names.map((name) => name.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&')).join('|')})$`;
}

function report(room, results) {
  const argued = (mutant) =>
    known.some(({ file, code, change }) => file === mutant.file && code === mutant.code && change === mutant.change);
  const survivors = results.filter(({ killedBy }) => killedBy === null);
  const open = survivors.filter((mutant) => !argued(mutant));
  for (const { file, line, change, code, reached } of open.sort((a, b) => a.id - b.id)) {
    print(`${file}:${line} ${change.replace(/\s+/g, ' ')}${reached ? '' : ' (no test comes here)'}\n    ${code}`);
  }
  const counted = results.length - (survivors.length - open.length);
  const share = counted === 0 ? 1 : (counted - open.length) / counted;
  print(
    `${room}: ${counted - open.length} of ${counted} mutants killed (${(share * 100).toFixed(1)} %); ` +
      `${survivors.length - open.length} survivors are argued in survivors.json`,
  );
  process.exitCode = share < leastKilled ? 1 : 0;
}

function print(line) {
  process.stdout.write(`${line}\n`);
}

await main();
