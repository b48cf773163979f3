import { strictestNameLimits, type Target } from '../../core/types/index.js';
import { plainTarget } from '../descriptor-parts.js';
import type { TargetDeps, TargetDescriptor } from '../types.js';

/** Descriptor of the target of `--dry-run`, which replaces any other target. */
export const dryRun = {
  ...plainTarget,
  kind: 'dry-run',
  title: 'no target',
  defaultPort: 0,
  traits: { ...plainTarget.traits, title: 'no target', firstWriteExclusive: true },
  nameLimits: strictestNameLimits,
  unsupportedOptions: {},
  validate: () => [],
  async create({ settings, stdout, inputs, clock }: TargetDeps): Promise<Target> {
    const [{ createDryRun }, { fileSink, standardOutputSink }] = await Promise.all([
      import('./dry-run.js'),
      import('./output-sink.js'),
    ]);
    const path = settings.dryRun ?? '-';
    const sink =
      path === '-'
        ? standardOutputSink(stdout)
        : fileSink(
            path,
            inputs.map((input) => input.path),
          );
    return createDryRun(sink, clock, dryRun.traits);
  },
} as const satisfies TargetDescriptor;
