import type { Target } from '../../core/types/index.js';
import { longNames, type TargetDeps, type TargetDescriptor } from '../types.js';
import { memoryOptions, policyOptions, userOptions } from '../unsupported.js';

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
  needsDatabase: true,
  nameLimits: longNames,
  unsupportedOptions: {
    ...memoryOptions,
    ...policyOptions,
    ...userOptions,
    dbOptions: 'buckets are created with default settings',
    verify: 'it offers no query that reads points back',
  },
  validate: ({ tenant }) =>
    tenant === null
      ? [{ key: 'tenant', expected: 'the organization of the bucket', found: 'nothing', fix: 'name it with --tenant' }]
      : [],
  async create(deps: TargetDeps): Promise<Target> {
    const [{ HttpTarget }, { Influxdb2 }] = await Promise.all([
      import('../http/http-target.js'),
      import('./influxdb2.js'),
    ]);
    return new HttpTarget(influxdb2, new Influxdb2(deps), deps);
  },
} as const satisfies TargetDescriptor;
