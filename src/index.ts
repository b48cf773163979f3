// The public API: `import { load } from 'bulk-load'`.

export * from './core/errors.js';
export { type Outcome, outcomes } from './core/outcomes.js';
export type {
  Attempt,
  ByteSource,
  ColumnType,
  DatabaseSettings,
  EncodedBody,
  EndpointState,
  EndpointTotals,
  FieldValue,
  FileBytes,
  FlushOutcome,
  Input,
  MemoryBudget,
  NodeLayout,
  Notice,
  PointValues,
  Precision,
  Summary,
  Target,
  TargetColumn,
  TargetDescription,
  TargetTraits,
  Verdict,
  VerifyReport,
} from './core/types/index.js';
export { streamInput } from './inputs/custom.js';
export { type Load, type LoadControl, LoadFailed, type LoadOptions, load } from './load/api.js';
export type { Snapshot } from './reporting/figures.js';
export { type CustomTarget, createCustomTarget } from './targets/custom/custom-target.js';
