// One random run with its faults, and the runs that continue it; each is compared in six places.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { randoms } from '../kill-load.js';
import { contradictions } from './contradictions.js';
import { startFaultyProxy } from './faulty-proxy.js';
import { scenarioOf } from './scenario.js';

const program = fileURLToPath(new URL('../../../bin/bulk-load.js', import.meta.url));
const nobody = 'http://127.0.0.1:9';
const longestMs = 300_000;
const maxRuns = 20;

/**
 * @param {{ folder: string; seed: number; server: import('../kill-load.js').Server }} options
 * @returns {Promise<{ title: string; outcomes: string[]; wrong: string[] }>} `outcomes`: one for each run
 */
export async function randomRun({ folder, seed, server }) {
  const scenario = scenarioOf(seed);
  const { inputs, target, fault, signal, atWrite, options } = scenario;
  await mkdir(join(folder, 'in'), { recursive: true });
  for (const { name, content } of inputs) await writeFile(join(folder, 'in', name), content);
  /** @type {import('node:child_process').ChildProcess | null} */
  let child = null;
  const send = async () => {
    for (const each of signal) {
      child?.kill(each);
      await wait(50);
    }
  };
  const port = Number(new URL(server.urls[0] ?? '').port);
  const proxy = await startFaultyProxy(port, fault, randoms(seed + 1), (write) => write === atWrite && void send());
  const db = `r${seed}`;
  const paths = { summary: join(folder, 's.json'), page: join(folder, 'r.html'), metrics: join(folder, 'm.prom') };
  const out = join(folder, 'out.lp');
  const urls = { nobody, 'two endpoints': `${proxy.url},${nobody}` };
  const where =
    target === 'dry run'
      ? [`--dry-run=${out}`]
      : ['--url', Object.hasOwn(urls, target) ? urls[/** @type {keyof typeof urls} */ (target)] : proxy.url];
  if (target !== 'missing database' && target !== 'dry run') where.push('--create-db');
  const args = [
    ...where,
    ...['--db', db, '--state-dir', join(folder, 'state'), '--retry-for', '3s', '--wait-for-target', '2s'],
    ...['--measurement', 'm', '--tags', 'f', '--fields', 'id:integer', '--time-column', 'time'],
    ...['--summary', paths.summary, '--report', paths.page, '--metrics-file', paths.metrics],
    ...options,
    join(folder, 'in'),
  ];
  /** @param {string} command @param {readonly string[]} words */
  const run = async (command, words) => {
    child = spawn(command, words, { stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr?.on('data', (text) => {
      stderr += text;
    });
    const guard = setTimeout(() => child?.kill('SIGKILL'), longestMs);
    const [code, by] = await once(child, 'close');
    clearTimeout(guard);
    const isHung = by === 'SIGKILL' && !signal.includes('SIGKILL');
    const summary = await readFile(paths.summary, 'utf8').catch(() => null);
    const reports = {
      ...{ code, stderr, summary: summary === null ? null : JSON.parse(summary) },
      page: await readFile(paths.page, 'utf8').catch(() => null),
      metrics: await readFile(paths.metrics, 'utf8').catch(() => null),
      rows: target === 'dry run' ? await writtenIds(out) : await storedIds(server, db),
      reasons: await countReasons(join(folder, 'state')),
      valid: inputs.map(({ ids }) => ids),
      isDryRun: target === 'dry run',
      isLimited: options.includes('--limit'),
    };
    const wrong = isHung ? [`hung: ${stderr}`] : contradictions(reports);
    return {
      summary: reports.summary,
      stderr,
      wrong,
      outcome: reports.summary?.outcome ?? (code === null ? 'killed' : 'no summary'),
    };
  };
  try {
    /** @type {string[]} */
    const outcomes = [];
    /** @type {string | null} */
    let command = null;
    for (let i = 0; ; i += 1) {
      const { summary, stderr, wrong, outcome } = await (command === null
        ? run(process.execPath, [program, ...args])
        : run('/bin/sh', ['-c', `exec ${command.replace(/^bulk-load/, `'${process.execPath}' '${program}'`)}`]));
      outcomes.push(outcome);
      const title = `${inputs.map(({ name }) => name).join(' ')} → ${target}, ${fault}, ${signal.join(' ')} ${options.join(' ')}`;
      if (wrong.length > 0) return { title, outcomes, wrong: [...wrong, stderr] };
      const goesOn = outcome === 'killed' || outcome === 'interrupted' || outcome === 'unavailable';
      if (!goesOn || target === 'nobody' || target === 'dry run') return { title, outcomes, wrong };
      if (i === maxRuns) return { title, outcomes, wrong: [`still ${outcome} after ${maxRuns} runs`, stderr] };
      proxy.recover();
      signal.length = 0;
      command = summary?.continueWith?.replace(/--max-duration \S+ /, '') ?? null;
    }
  } finally {
    proxy.stop();
  }
}

/** Numbers of the points that the server holds. @param {import('../kill-load.js').Server} server @param {string} db */
async function storedIds(server, db) {
  const rows = await server.ask('SELECT id FROM m', db).catch(() => []);
  return rows.map(({ id }) => Number(id));
}

/** @param {string} path */
async function writtenIds(path) {
  const text = await readFile(path, 'utf8').catch(() => '');
  return [...text.matchAll(/ id=(\d+)i /g)].map(([, id]) => Number(id));
}

/** @param {string} folder */
async function countReasons(folder) {
  const names = await readdir(folder).catch(() => []);
  const texts = await Promise.all(
    names.filter((name) => /\.rejected.*\.ndjson$/.test(name)).map((name) => readFile(join(folder, name), 'utf8')),
  );
  return texts
    .join('')
    .split('\n')
    .filter((line) => line !== '').length;
}
