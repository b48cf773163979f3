import type { Target } from '../../core/types/index.js';
import { longNames, type TargetDeps, type TargetDescriptor } from '../types.js';
import { memoryOptions, policyOptions, userOptions } from '../unsupported.js';

export const influxdb3 = {
  kind: 'influxdb3',
  title: 'InfluxDB',
  defaultPort: 8181,
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
    tenant: 'InfluxDB 3 has no tenants',
    dbOptions: 'databases are created with default settings',
    verify: 'it offers no query that reads points back',
  },
  validate: () => [],
  async create(deps: TargetDeps): Promise<Target> {
    const [{ HttpTarget }, { Influxdb3 }] = await Promise.all([
      import('../http/http-target.js'),
      import('./influxdb3.js'),
    ]);
    return new HttpTarget(influxdb3, new Influxdb3(deps), deps);
  },
} as const satisfies TargetDescriptor;
