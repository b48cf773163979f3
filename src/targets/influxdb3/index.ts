import { linesOptions } from '../http/types.js';
import { longNames, type TargetDescriptor } from '../types.js';
import { memoryOptions, userOptions } from '../unsupported.js';

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
  nameLimits: longNames,
  unsupportedOptions: {
    ...memoryOptions,
    ...userOptions,
    tenant: 'InfluxDB 3 has no tenants',
    dbOptions: 'databases are created with default settings',
    verify: 'it offers no query that reads points back',
  },
  validate: () => [],
  async create(deps) {
    const [{ LinesTarget }, { Influxdb3 }] = await Promise.all([
      import('../lines/lines-target.js'),
      import('./influxdb3.js'),
    ]);
    const options = linesOptions(deps);
    return new LinesTarget('influxdb3', new Influxdb3(options), options, deps.clock);
  },
} as const satisfies TargetDescriptor;
