import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { StateError } from '../../src/core/errors.js';
import type { CheckpointInput } from '../../src/state/checkpoint.js';
import { DeadLetters } from '../../src/state/dead-letters/dead-letters.js';
import { readHistory } from '../../src/state/history.js';
import { LoadStore } from '../../src/state/load-store.js';
import { letter } from '../load/ledger/support.js';

const load = '0123456789ab';

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'bulk-load-record-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

function opened(path: string): LoadStore {
  return new LoadStore(path, load, 'db');
}

function input(path: string): CheckpointInput {
  return {
    path,
    fingerprint: { size: 3, head: { to: 3, hash: 'a' }, tail: { from: 0, to: 3, hash: 'a' } },
    place: { byteOffset: 3, line: 2, ordinal: 1, digits: 19 },
    beyond: [{ from: 7, to: { byteOffset: 9, line: 4, ordinal: 3, digits: 0 } }],
    loaded: 1,
    rejected: 0,
    values: 1,
    reasons: {},
  };
}

/** Longer than the reads of one line. */
const longPath = `/${'long'.repeat(3000)}`;
/** A line as long as one read, without its end. */
const evenPath = `/${'e'.repeat(4096 - JSON.stringify(input('/')).length)}`;
const checkpoint = { startedMs: 1000, deadLetters: null, completing: null, inputs: [input('/b')] };

test('the next run finds what was saved, in files that only the owner can read', async () => {
  const path = await folder();
  const first = opened(path);
  expect([first.written, await first.open(), first.written]).toEqual([false, null, false]);
  await first.save(checkpoint, [input('/a'), input(longPath), input(evenPath), input('/ü')]);
  await first.close();
  expect(JSON.parse(await readFile(first.path, 'utf8'))).toMatchObject({ formatVersion: 1 });
  const second = opened(path);
  expect(await second.open()).toMatchObject(checkpoint);
  const finished: CheckpointInput[] = [];
  for await (const each of second.finished()) {
    finished.push(each.input);
    expect(await second.finishedAt(each.at)).toEqual(each.input);
  }
  expect(finished).toEqual([input('/a'), input(longPath), input(evenPath), input('/ü')]);
  await second.close();
  for (const name of await readdir(path)) expect((await stat(join(path, name))).mode & 0o777).toBe(0o600);
});

test('finished inputs after the last checkpoint are truncated', async () => {
  const path = await folder();
  const first = opened(path);
  await first.open();
  await first.save(checkpoint, [input('/a')]);
  await first.close();
  const log = join(path, `${load}.checkpoint.inputs.ndjson`);
  const whole = await readFile(log, 'utf8');
  await writeFile(log, `${whole}{"path":"/c","finger`);
  const second = opened(path);
  await second.open();
  expect(await readFile(log, 'utf8')).toBe(whole);
  await second.close();
  await writeFile(log, whole.slice(1));
  const third = opened(path);
  const failed = third.open();
  await expect(failed).rejects.toBeInstanceOf(StateError);
  await expect(failed).rejects.toThrow(/^resuming the load: .*, found \d+ bytes instead of \d+\. .* with --fresh\.$/);
  await third.close();
  await rm(log);
  await expect(opened(path).open()).rejects.toThrow(/^resuming the load: .*ENOENT/);
});

test('a damaged line in the log of finished inputs is an error', async () => {
  const path = await folder();
  const store = opened(path);
  await store.open();
  await store.save(checkpoint, [input('/a')]);
  await writeFile(join(path, `${load}.checkpoint.inputs.ndjson`), '{');
  await expect(store.finished().next()).rejects.toBeInstanceOf(StateError);
  await expect(store.finishedAt(0)).rejects.toBeInstanceOf(StateError);
  await store.close();
});

test('a log or a checkpoint that cannot be written is an error', async () => {
  const store = opened(await folder());
  await store.open();
  await mkdir(store.path);
  await expect(store.save(checkpoint, [])).rejects.toThrow('writing the checkpoint');
  await store.close();
  await expect(store.append([input('/a')])).rejects.toThrow('writing the log of finished inputs');
});

test('inputs appended between two checkpoints count from the next checkpoint on', async () => {
  const path = await folder();
  const first = opened(path);
  await first.open();
  await first.save(checkpoint, [input('/a')]);
  await Promise.all([first.append([input('/c')]), first.append([input('/d')]), first.save(checkpoint, [input('/e')])]);
  await first.append([input('/f')]);
  await first.close();
  const second = opened(path);
  await second.open();
  const finished: string[] = [];
  for await (const each of second.finished()) finished.push(each.input.path);
  expect(finished).toEqual(['/a', '/c', '/d', '/e']);
  await second.close();
});

test('a finished load leaves one line per input in the history, and the last line of a path counts', async () => {
  const path = await folder();
  for (const size of [3, 4]) {
    const record = opened(path);
    await record.open();
    const one = input('/a');
    await record.save(checkpoint, [{ ...one, fingerprint: { ...one.fingerprint, size } }, input('/b')]);
    await record.record();
    await record.forget();
  }
  expect(await readdir(path)).toEqual(['db.finished.ndjson']);
  const found = await readHistory(join(path, 'db.finished.ndjson'), (each) => each === '/a');
  expect([...found].map(([name, { fingerprint }]) => [name, fingerprint.size])).toEqual([['/a', 4]]);
});

test('a load killed while cleaning up finds its dead letters under their final name', async () => {
  const path = await folder();
  const first = new DeadLetters(path, load);
  await first.prepare('T');
  await first.write('a.lp', [letter('x')]);
  const name = await first.finalName('T');
  const { lengths } = first;
  await first.close(null);
  const kept = { lengths, completing: name };
  for (const _ of ['before they were renamed', 'after']) {
    const next = new DeadLetters(path, load);
    await next.prepare('U', kept);
    expect(await readFile(next.paths!.points[0]!, 'utf8')).toBe('x\n');
    expect(next.paths!.points).toEqual([join(path, `${load}.rejected-T.lp`)]);
    await next.close(null);
  }
});

test('dead letters after the checkpoint are truncated, and missing ones are an error', async () => {
  const path = await folder();
  const first = new DeadLetters(path, load);
  await first.prepare('T');
  await first.write('a.lp', [letter('x')]);
  const { lengths } = first;
  await first.write('a.lp', [letter('y')]);
  await first.close(null);
  const second = new DeadLetters(path, load);
  await second.prepare('U', { lengths, completing: null });
  await second.write('a.lp', [letter('z')]);
  await second.close(null);
  expect(await readFile(second.paths!.points[0]!, 'utf8')).toBe('x\nz\n');
  const longer = { '.lp': 100, '.ndjson': 100 };
  const third = new DeadLetters(path, load);
  await expect(third.prepare('V', { lengths: longer, completing: null })).rejects.toThrow('--fresh');
  await third.close(null);
  const none = new DeadLetters(path, load);
  await none.prepare('W', { lengths: null, completing: null });
  expect(await readdir(path)).toEqual([]);
});

test('a temporary checkpoint that a killed run left is gone once the load is complete', async () => {
  const path = await folder();
  const left = join(path, `.${load}.checkpoint.json.tmp`);
  await writeFile(left, '{"half":');
  const store = opened(path);
  await store.open();
  await store.save(checkpoint, []);
  expect((await readdir(path)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  await writeFile(left, '{"half":');
  await store.forget();
  expect((await readdir(path)).filter((name) => name.includes('checkpoint'))).toEqual([]);
});

test('abandoned checkpoints of one second have names of their own', async () => {
  const path = await folder();
  for (const name of ['-T', '-T-2', '-T-3']) {
    const store = opened(path);
    await store.open();
    await store.save(checkpoint, [input('/a')]);
    await store.close();
    expect(await store.abandon('T')).toBe(join(path, `${load}.checkpoint-abandoned${name}.json`));
  }
  expect((await readdir(path)).filter((name) => name.endsWith('.inputs.ndjson')).sort()).toEqual([
    `${load}.checkpoint-abandoned-T-2.inputs.ndjson`,
    `${load}.checkpoint-abandoned-T-3.inputs.ndjson`,
    `${load}.checkpoint-abandoned-T.inputs.ndjson`,
  ]);
});

test('a checkpoint that is already gone is no error, and one that cannot be removed is', async () => {
  const path = await folder();
  const store = opened(path);
  await store.open();
  await store.save(checkpoint, []);
  expect(store.written).toBe(true);
  await store.forget();
  await store.forget();
  expect(store.written).toBe(false);
  await mkdir(store.path);
  const failed = store.forget();
  await expect(failed).rejects.toBeInstanceOf(StateError);
  await expect(failed).rejects.toThrow('removing the checkpoint of a finished load');
});

test('every input of a load with more inputs than one write to the history is recorded', async () => {
  const path = await folder();
  const store = opened(path);
  await store.open();
  const paths = Array.from({ length: 1001 }, (_, i) => `/${i}`);
  await store.save(checkpoint, paths.map(input));
  await store.record();
  await store.close();
  expect([...(await readHistory(store.history, () => true)).keys()]).toEqual(paths);
});

test('the history finds an input whose name holds a line separator of Unicode', async () => {
  const store = opened(await folder());
  await store.open();
  await store.save(checkpoint, [input('/a\u2028b'), input('/c')]);
  await store.record();
  await store.close();
  // A killed run may leave the last line without its end.
  await appendFile(store.history, JSON.stringify(input('/d')));
  expect([...(await readHistory(store.history, () => true)).keys()]).toEqual(['/a\u2028b', '/c', '/d']);
});

test('a load without a checkpoint has none to abandon, and one that cannot be renamed is an error', async () => {
  const store = opened(await folder());
  expect(await store.abandon('T')).toBeNull();
  await writeFile(store.path, '{}');
  const failed = store.abandon('T'.repeat(300));
  await expect(failed).rejects.toBeInstanceOf(StateError);
  await expect(failed).rejects.toThrow('keeping the checkpoint of the unfinished load');
});

test.each([
  ['[]', /, found Invalid input: expected object/],
  ['{"formatVersion":"x"}', /, found formatVersion: /],
])('the checkpoint %s is refused with the place of its first defect', async (text, found) => {
  const store = opened(await folder());
  await writeFile(store.path, text);
  await expect(store.open()).rejects.toThrow(found);
});

test('a state directory without a history has no finished inputs', async () => {
  const none = await readHistory(join(await folder(), 'history.ndjson'), () => true);
  expect(none.size).toBe(0);
  await expect(readHistory(await folder(), () => true)).rejects.toThrow(
    'reading the list of finished inputs for --skip-loaded',
  );
});
