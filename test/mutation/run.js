// Runs the tests of mutants in a process that may be killed: a mutant can loop for ever. The parent sends
// `{ active, files, pattern }`; the answer is the duration of each file, and the first test that failed.

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BaseSequencer, createVitest } from 'vitest/node';
import { instrument, mutantsOf } from './mutants.js';

const folder = process.env.MUTATION_FOLDER;
/** First mutant number by path of the source. */
const sources = new Map(JSON.parse(process.env.MUTATION_SOURCES));
const root = fileURLToPath(new URL('../..', import.meta.url));

let wanted = [];
/** Runs the files as the parent ordered them. */
class InOrder extends BaseSequencer {
  async sort(files) {
    const place = ({ moduleId }) => wanted.indexOf(moduleId);
    return [...files].sort((a, b) => place(a) - place(b));
  }
}

const vitest = await createVitest(
  'test',
  {
    config: `${root}test/vitest.config.ts`,
    watch: false,
    reporters: [{}],
    setupFiles: [fileURLToPath(new URL('setup.ts', import.meta.url))],
    // One process for all files of a mutant. It reads our sources anew for each file.
    isolate: false,
    maxWorkers: 1,
    sequence: { sequencer: InOrder },
    bail: 1,
    // Mutants change the modules that the cache would return as they were.
    experimental: { fsModuleCache: false },
    retry: 0,
    // A test takes long on a busy machine. The parent process ends a mutant that hangs.
    testTimeout: 0,
    hookTimeout: 0,
  },
  {
    plugins: [
      {
        name: 'mutants',
        enforce: 'pre',
        transform(code, id) {
          const first = sources.get(id.split('?')[0]);
          return first === undefined ? null : { code: instrument(code, mutantsOf(code), first), map: null };
        },
      },
    ],
  },
);

async function firstFailure({ active, files, pattern }) {
  writeFileSync(`${folder}/active`, String(active));
  wanted = files;
  // Failures of earlier mutants would count for this one.
  vitest.state.filesMap.clear();
  vitest.state.idMap.clear();
  vitest.state.clearErrors();
  if (pattern === null) vitest.resetGlobalTestNamePattern();
  else vitest.setGlobalTestNamePattern(new RegExp(pattern));
  const all = await vitest.globTestSpecifications(files);
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(
    all.filter(({ moduleId }) => files.includes(moduleId)),
  );
  const durations = Object.fromEntries(testModules.map((each) => [each.moduleId, durationOf(each)]));
  const broken = testModules.find((each) => !each.ok());
  if (broken !== undefined) return { ...failureOf(broken), durations };
  const [error] = unhandledErrors;
  return { killedBy: error === undefined ? null : `an error outside of tests: ${error.message}`, durations };
}

function durationOf(testModule) {
  const { duration, collectDuration } = testModule.diagnostic();
  return duration + collectDuration;
}

function failureOf(testModule) {
  const file = testModule.moduleId;
  const [failed] = [...testModule.children.allTests('failed')];
  const [why = ''] = failed?.result().errors?.[0]?.message.split('\n') ?? [];
  return {
    killedBy: `${file.slice(root.length)}: ${failed?.name ?? 'the file itself'}: ${why}`,
    file,
    test: failed?.name,
  };
}

process.on('message', (order) => {
  firstFailure(order).then(
    (result) => process.send(result),
    () => process.exit(1),
  );
});
process.send({ ready: true });
