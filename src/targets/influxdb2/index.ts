import { linesOptions } from '../http/types.js';
import { longNames, type TargetDescriptor } from '../types.js';
import { memoryOptions, userOptions } from '../unsupported.js';

export const influxdb2 = {
  kind: 'influxdb2',
  title: 'InfluxDB',
  defaultPort: 8086,
  traits: {
    title: 'InfluxDB',
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
    ...userOptions,
    dbOptions: 'buckets are created with default settings',
    verify: 'it offers no query that reads points back',
  },
  validate: ({ tenant }) =>
    tenant === null
      ? [{ key: 'tenant', expected: 'the organization of the bucket', found: 'nothing', fix: 'name it with --tenant' }]
      : [],
  async create(deps) {
    const [{ LinesTarget }, { Influxdb2 }] = await Promise.all([
      import('../lines/lines-target.js'),
      import('./influxdb2.js'),
    ]);
    const options = linesOptions(deps);
    return new LinesTarget('influxdb2', new Influxdb2(options), options, deps.clock);
  },
} as const satisfies TargetDescriptor;
