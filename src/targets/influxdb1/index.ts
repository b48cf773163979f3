import type { Target } from '../../core/types/index.js';
import { influxdbBase, memoryOptions } from '../descriptor-parts.js';
import type { TargetDeps, TargetDescriptor } from '../types.js';

export const influxdb1 = {
  ...influxdbBase,
  kind: 'influxdb1',
  traits: { ...influxdbBase.traits, scans: true },
  defaultPort: 8086,
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
