import type { Target } from '../../core/types/index.js';
import { influxdbBase, memoryOptions, policyOptions, userOptions } from '../descriptor-parts.js';
import type { TargetDeps, TargetDescriptor } from '../types.js';

export const influxdb2 = {
  ...influxdbBase,
  kind: 'influxdb2',
  defaultPort: 8086,
  unsupportedOptions: {
    ...memoryOptions,
    ...policyOptions,
    ...userOptions,
    dbOptions: 'bulk-load creates buckets with default settings',
    verify: 'bulk-load cannot read points back from this target',
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
