import { strictestNameLimits, type Target } from '../../core/types/index.js';
import { policyOptions } from '../descriptor-parts.js';
import type { TargetDeps, TargetDescriptor } from '../types.js';

export const cnosdb = {
  kind: 'cnosdb',
  title: 'CnosDB',
  defaultPort: 8902,
  traits: {
    title: 'CnosDB',
    firstWriteExclusive: true,
    plansMemory: true,
    countsPoints: true,
    sendsSeconds: false,
    scans: true,
  },
  defaults: { user: 'root', tenant: 'cnosdb', targetMemory: '512MiB' },
  takesZstd: true,
  needsDatabase: true,
  nameLimits: strictestNameLimits,
  unsupportedOptions: {
    ...policyOptions,
    token: 'sign in with --user and --password',
    tokenFile: 'sign in with --user and --password',
  },
  validate: () => [],
  async create(deps: TargetDeps): Promise<Target> {
    const [{ HttpTarget }, { Cnosdb }] = await Promise.all([import('../http/http-target.js'), import('./cnosdb.js')]);
    return new HttpTarget(cnosdb, new Cnosdb(deps), deps);
  },
} as const satisfies TargetDescriptor;
