import type { Target } from '../../core/types/index.js';
import { longNames, type TargetDeps, type TargetDescriptor } from '../types.js';
import { memoryOptions } from '../unsupported.js';

export const influxdb1 = {
  kind: 'influxdb1',
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
    tenant: 'InfluxDB 1 has no tenants',
  },
  validate: () => [],
  async create(deps: TargetDeps): Promise<Target> {
    const [{ HttpTarget }, { Influxdb1 }] = await Promise.all([
      import('../http/http-target.js'),
      import('./influxdb1.js'),
    ]);
    return new HttpTarget(influxdb1, new Influxdb1(deps), deps);
  },
} as const satisfies TargetDescriptor;
