import type { Target } from '../../core/types/index.js';
import { memoryOptions, plainTarget, policyOptions } from '../descriptor-parts.js';
import { influxNames, type TargetDeps, type TargetDescriptor } from '../types.js';

export const victoriametrics = {
  ...plainTarget,
  kind: 'victoriametrics',
  title: 'VictoriaMetrics',
  defaultPort: 8428,
  traits: { ...plainTarget.traits, title: 'VictoriaMetrics' },
  needsDatabase: false,
  // VictoriaMetrics 1.79.5 stores `.5` as 0.
  nameLimits: { ...influxNames, leadingPoints: false },
  unsupportedOptions: {
    ...memoryOptions,
    ...policyOptions,
    tenant: 'the URL of a VictoriaMetrics cluster contains the tenant',
    createDb: 'the database is a label, which bulk-load does not create',
    dbOptions: 'the database is a label, which bulk-load does not create',
  },
  validate: ({ missingTimestamp, precision }) => [
    ...(missingTimestamp === 'now' && (precision === 'ns' || precision === 'us')
      ? [
          {
            key: 'missingTimestamp',
            expected: 'reject; or now, with --precision ms or s, because VictoriaMetrics stores milliseconds',
            found: `now with --precision ${precision}`,
            fix: '',
          },
        ]
      : []),
  ],
  async create(deps: TargetDeps): Promise<Target> {
    const [{ HttpTarget }, { VictoriaMetrics }] = await Promise.all([
      import('../http/http-target.js'),
      import('./victoriametrics.js'),
    ]);
    return new HttpTarget(victoriametrics, new VictoriaMetrics(deps), deps);
  },
} as const satisfies TargetDescriptor;
