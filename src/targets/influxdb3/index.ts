import type { Target } from '../../core/types/index.js';
import { influxdbBase, memoryOptions, policyOptions, userOptions } from '../descriptor-parts.js';
import { longNames, type TargetDeps, type TargetDescriptor } from '../types.js';

export const influxdb3 = {
  ...influxdbBase,
  kind: 'influxdb3',
  traits: { ...influxdbBase.traits, scans: true },
  defaultPort: 8181,
  unsupportedOptions: {
    ...memoryOptions,
    ...policyOptions,
    ...userOptions,
    tenant: 'InfluxDB 3 has no tenants',
    dbOptions: 'bulk-load creates databases with default settings',
    verify: 'bulk-load cannot read points back from this target',
  },
  nameLimits: longNames,
  validate: () => [],
  async create(deps: TargetDeps): Promise<Target> {
    const [{ HttpTarget }, { Influxdb3 }] = await Promise.all([
      import('../http/http-target.js'),
      import('./influxdb3.js'),
    ]);
    return new HttpTarget(influxdb3, new Influxdb3(deps), deps);
  },
} as const satisfies TargetDescriptor;
