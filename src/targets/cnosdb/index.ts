import { strictestNameLimits } from '../../core/types/index.js';
import { cnosdbOptions } from '../http/types.js';
import type { TargetDescriptor } from '../types.js';

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
  },
  defaults: { user: 'root', tenant: 'cnosdb', targetMemory: '512MiB' },
  takesZstd: true,
  nameLimits: strictestNameLimits,
  unsupportedOptions: { token: 'sign in with --user and --password', tokenFile: 'sign in with --user and --password' },
  validate: () => [],
  async create(deps) {
    const { createCnosdb } = await import('./cnosdb.js');
    return createCnosdb(cnosdbOptions(deps), deps.clock);
  },
} as const satisfies TargetDescriptor;
