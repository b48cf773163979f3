// The recipe for Kubernetes on the page about many machines, against what the API of batch/v1 takes.

import { expect, test } from 'vitest';
import { parseAllDocuments, parseDocument } from 'yaml';
import { z } from 'zod';
import { outcomeNames, outcomeRow } from '../../src/core/outcomes.js';
import { parseShard } from '../../src/fleet/shards.js';
import { options } from '../../src/load/option-table.js';
import { fences, readPage } from '../support/manual.js';

const page = await readPage('src/manual/fleet.md');
const manifest: unknown = parseDocument(fences(page).find(({ file }) => file === 'shards.yaml')!.body, {
  strict: true,
}).toJS();

const name = z.string().regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
const natural = z.int().nonnegative();

const volumeMount = z.strictObject({ name, mountPath: z.string().startsWith('/'), readOnly: z.boolean().optional() });
const container = z.strictObject({
  name,
  image: z.string(),
  args: z.array(z.string()),
  env: z.array(
    z.strictObject({
      name: z.string().regex(/^[A-Z_]+$/),
      valueFrom: z.strictObject({ secretKeyRef: z.strictObject({ name, key: name }) }),
    }),
  ),
  resources: z.strictObject({ limits: z.strictObject({ memory: z.string().regex(/^\d+Mi$/) }) }),
  volumeMounts: z.array(volumeMount),
});
const podShape = {
  securityContext: z.strictObject({ runAsNonRoot: z.boolean(), runAsUser: natural, fsGroup: natural }),
  containers: z.array(container),
  volumes: z.array(z.strictObject({ name, persistentVolumeClaim: z.strictObject({ claimName: name }) })),
};
/** The API wants a policy for failed pods to come with pods that do not restart. */
const jobPod = z.strictObject({ spec: z.strictObject({ restartPolicy: z.literal('Never'), ...podShape }) });
const podFailurePolicy = z.strictObject({
  rules: z.array(
    z.strictObject({
      action: z.enum(['FailIndex', 'FailJob', 'Ignore', 'Count']),
      onExitCodes: z.strictObject({
        operator: z.enum(['In', 'NotIn']),
        values: z.array(z.int().positive()).max(255),
      }),
    }),
  ),
});

/** The part of a Job that the recipes use. The API refuses fields that it does not know. */
const job = z.strictObject({
  apiVersion: z.literal('batch/v1'),
  kind: z.literal('Job'),
  metadata: z.strictObject({ name }),
  spec: z
    .strictObject({
      completionMode: z.literal('Indexed'),
      completions: natural.max(100_000),
      parallelism: natural.max(100_000),
      backoffLimitPerIndex: natural,
      maxFailedIndexes: natural,
      podFailurePolicy,
      template: jobPod,
    })
    .refine(({ completions, maxFailedIndexes }) => maxFailedIndexes <= completions),
});

const coordinatorJob = job.extend({
  spec: z.strictObject({ backoffLimit: natural, podFailurePolicy, template: jobPod }),
});

const labels = z.record(z.string(), z.string());
const deployment = z.strictObject({
  apiVersion: z.literal('apps/v1'),
  kind: z.literal('Deployment'),
  metadata: z.strictObject({ name }),
  spec: z.strictObject({
    replicas: natural,
    selector: z.strictObject({ matchLabels: labels }),
    template: z.strictObject({
      metadata: z.strictObject({ labels }),
      spec: z.strictObject({ terminationGracePeriodSeconds: natural, ...podShape }),
    }),
  }),
});

const finalCodes = outcomeNames
  .map((each) => outcomeRow(each))
  .filter(({ retryUnattended }) => retryUnattended === false)
  .map(({ exitCode }) => exitCode);

function unknownOptions(args: readonly string[]): string[] {
  const given = args.filter((word) => word.startsWith('--')).map((word) => word.slice(2));
  const known = options.rows.map(({ key }) => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`));
  expect(given.length).toBeGreaterThan(3);
  return given.filter((word) => !known.includes(word));
}

test('the manifest of workers and a coordinator is one that the API takes, and its options exist', () => {
  const text = fences(page).find(({ file }) => file === 'fleet.yaml')!.body;
  const [first, second] = parseAllDocuments(text, { strict: true }).map((each) => each.toJS() as unknown);
  const workers = deployment.parse(first).spec;
  const coordinator = coordinatorJob.parse(second).spec;
  expect(workers.template.metadata.labels).toEqual(workers.selector.matchLabels);
  expect(coordinator.podFailurePolicy.rules[0]!.onExitCodes.values).toEqual(finalCodes);
  for (const { containers, volumes } of [workers.template.spec, coordinator.template.spec]) {
    expect(unknownOptions(containers[0]!.args)).toEqual([]);
    expect(containers[0]!.volumeMounts.map((mount) => mount.name)).toEqual(volumes.map((each) => each.name));
  }
});

test('the manifest of an Indexed Job is one that the API takes, and repeats nothing that is final', () => {
  const { spec } = job.parse(manifest);
  expect(spec.podFailurePolicy.rules[0]!.onExitCodes.values).toEqual(finalCodes);
  expect(spec.template.spec.containers[0]!.volumeMounts.map((mount) => mount.name)).toEqual(
    spec.template.spec.volumes.map((each) => each.name),
  );
});

test('the shards of the manifest are as many as its completions, and its options exist', () => {
  const { spec } = job.parse(manifest);
  const { args } = spec.template.spec.containers[0]!;
  expect(unknownOptions(args)).toEqual([]);
  const shard = args[args.indexOf('--shard') + 1]!;
  expect(parseShard(shard, { JOB_COMPLETION_INDEX: '15' })).toEqual({ index: 16, of: spec.completions });
});
