import { linesOptions } from '../http/types.js';
import { longNames, type TargetDescriptor } from '../types.js';
import { memoryOptions } from '../unsupported.js';

export const victoriametrics = {
  kind: 'victoriametrics',
  title: 'VictoriaMetrics',
  defaultPort: 8428,
  traits: {
    title: 'VictoriaMetrics',
    firstWriteExclusive: false,
    plansMemory: false,
    countsPoints: false,
    sendsSeconds: true,
  },
  defaults: { user: '', tenant: '', targetMemory: 'off' },
  takesZstd: false,
  nameLimits: longNames,
  unsupportedOptions: {
    ...memoryOptions,
    tenant: 'the tenant of a VictoriaMetrics cluster is part of the URL',
    createDb: 'the database is a label; nothing has to be created',
    dbOptions: 'the database is a label; nothing has to be created',
  },
  validate: ({ missingTimestamp, precision }) =>
    missingTimestamp === 'now' && (precision === 'ns' || precision === 'us')
      ? [
          {
            key: 'missingTimestamp',
            expected: 'reject, or --precision ms or s, since VictoriaMetrics stores milliseconds',
            found: `now with --precision ${precision}`,
            fix: '',
          },
        ]
      : [],
  async create(deps) {
    const [{ LinesTarget }, { VictoriaMetrics }] = await Promise.all([
      import('../lines/lines-target.js'),
      import('./victoriametrics.js'),
    ]);
    const options = linesOptions(deps);
    return new LinesTarget('victoriametrics', new VictoriaMetrics(options), options, deps.clock);
  },
} as const satisfies TargetDescriptor;
