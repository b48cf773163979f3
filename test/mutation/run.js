// Runs the tests of mutants in a process that may be killed: a mutant can loop for ever. The parent sends
// `{ active, files }`; the answer is the duration of each file, or the first test that failed.

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createVitest } from 'vitest/node';
import { instrument, mutantsOf } from './mutants.js';

const folder = process.env.MUTATION_FOLDER;
/** First mutant number by path of the source. */
const sources = new Map(JSON.parse(process.env.MUTATION_SOURCES));
const root = fileURLToPath(new URL('../..', import.meta.url));

const vitest = await createVitest(
  'test',
  {
    config: `${root}test/vitest.config.ts`,
    watch: false,
    reporters: [{}],
    setupFiles: [fileURLToPath(new URL('setup.ts', import.meta.url))],
    isolate: true,
    maxWorkers: 1,
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

async function firstFailure(active, files) {
  writeFileSync(`${folder}/active`, String(active));
  const durations = {};
  for (const file of files) {
    // Failures of earlier mutants would count for this one.
    vitest.state.filesMap.clear();
    vitest.state.idMap.clear();
    vitest.state.clearErrors();
    const specifications = await vitest.globTestSpecifications([file]);
    const { testModules, unhandledErrors } = await vitest.runTestSpecifications(
      specifications.filter(({ moduleId }) => moduleId === file),
    );
    for (const testModule of testModules.filter(({ moduleId }) => moduleId === file)) {
      durations[file] = testModule.diagnostic().duration;
      if (testModule.ok() && unhandledErrors.length === 0) continue;
      const [failed] = [...testModule.children.allTests('failed')];
      const [why = ''] = failed?.result().errors?.[0]?.message.split('\n') ?? [];
      return { killedBy: `${file.slice(root.length)}: ${failed?.name ?? 'the file itself'}: ${why}`, durations };
    }
  }
  return { killedBy: null, durations };
}

process.on('message', ({ active, files }) => {
  firstFailure(active, files).then(
    (result) => process.send(result),
    () => process.exit(1),
  );
});
process.send({ ready: true });
