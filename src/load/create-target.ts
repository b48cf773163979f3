import type { Settings } from '../config/settings.js';
import type { Target } from '../core/types/index.js';
import { createTarget as create } from '../targets/registry.js';
import type { TargetContext } from '../targets/types.js';
import { answerBytes } from './plan-memory.js';

/** Creates the target that the settings name, within the memory limit of the load. */
export function createTarget(settings: Settings, context: Omit<TargetContext, 'maxResponseBytes'>): Promise<Target> {
  return create(settings, { ...context, maxResponseBytes: answerBytes(settings) });
}
