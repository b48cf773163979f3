import { linesOptions } from '../http/types.js';
import { longNames, type TargetDescriptor } from '../types.js';
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
  nameLimits: longNames,
  unsupportedOptions: {
    ...memoryOptions,
    tenant: 'InfluxDB 1 has no tenants',
  },
  validate: () => [],
  async create(deps) {
    const [{ LinesTarget }, { Influxdb1 }] = await Promise.all([
      import('../lines/lines-target.js'),
      import('./influxdb1.js'),
    ]);
    const options = linesOptions(deps);
    return new LinesTarget('influxdb1', new Influxdb1(options), options, deps.clock);
  },
} as const satisfies TargetDescriptor;
