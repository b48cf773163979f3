import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** They take longest, some of them by waiting: none should be waited for alone at the end. */
const long =
  /\/test\/(load\/(attack\/adversarial|inputs\/(round-trip|formats|remote-inputs)|scenarios|resume\/kill|faults\/faults|fleet\/(limits|memory|shards|queue\/load)|targets\/influxdb1?)|fleet\/limits\/fleet-limits|formats\/(kernel\/line-kernel|parquet\/rows\/rendered-dictionary)|cli\/load-cnosdb\/recorded|manual\/(pages|operations|formats|sources|readme))\.test\.ts$/;

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification): boolean => long.test(moduleId);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/setup.ts'],
    // Never waited for on an idle machine.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    sequence: { sequencer: LongFirst },
    pool: 'forks',
    // Half of the time a test waits: for processes, servers, back-off.
    maxWorkers: 4,
    // A load allocates so much outside the heap that V8 collects the whole heap, which is small: marking it at once, on one
    // thread, takes a third less CPU time than in steps and on several. The other tests use the other core.
    execArgv: ['--no-incremental-marking', '--single-threaded-gc'],
    // A process for each file, with our sources read anew, takes more than most files do.
    isolate: false,
    // Transformed sources of the last run: loading all of them then takes a third less CPU time.
    experimental: { fsModuleCache: true },
    // It hands its instance out once, to the first who asks: it has to be read anew together with our sources.
    server: { deps: { inline: ['zstddec'] } },
  },
});
