import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** They take longest, some of them by waiting: none should be waited for alone at the end. */
const long =
  /\/test\/(load\/(attack\/adversarial|inputs\/(round-trip|formats|remote-inputs)|scenarios|resume\/kill|faults\/faults|fleet\/(limits|memory|shards|queue\/load)|targets\/influxdb1?)|fleet\/limits\/fleet-limits|formats\/(kernel\/line-kernel|parquet\/rows\/rendered-dictionary)|cli\/load-cnosdb\/recorded|manual\/(pages|operations|formats|readme))\.test\.ts$/;

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
    maxWorkers: 3,
    // Each load within a test's process asks for more memory than its little heap is large, which has V8 mark it once more,
    // on threads that the other tests need.
    execArgv: ['--no-concurrent-marking'],
    // A process for each file, with our sources read anew, takes more than most files do.
    isolate: false,
    // It hands its instance out once, to the first who asks: it has to be read anew together with our sources.
    server: { deps: { inline: ['zstddec'] } },
  },
});
