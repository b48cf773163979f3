// Records what the Go tool, `load_cnosdb` on PATH, prints for fixtures/load-cnosdb/cases.json, against a target that takes
// everything: node test/compat/record.js. Outputs are data; the tool itself is no part of this project.

import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = new URL('../../fixtures/load-cnosdb/', import.meta.url);
const { inputs, flagSets, wrong } = JSON.parse(readFileSync(new URL('cases.json', folder), 'utf8'));
const sink = spawn(process.execPath, [fileURLToPath(new URL('../bench/sink.js', import.meta.url))]);
const port = await new Promise((resolve) => {
  sink.stdout.once('data', (text) => resolve(String(text).trim()));
});
const scratch = mkdtempSync(join(tmpdir(), 'bulk-load-record-'));

/** @param {string[]} args @param {string} input */
function run(args, input) {
  const { status, stdout, stderr } = spawnSync('load_cnosdb', args, { input, cwd: scratch, encoding: 'utf8' });
  return { status, stdout, stderr };
}

/** @param {string[]} flags @param {string} input */
function recorded(flags, input) {
  const { status, stdout } = run([`--urls=http://127.0.0.1:${port}`, ...flags], input);
  const results = flags.some((flag) => flag.startsWith('--results-file'))
    ? readFileSync(join(scratch, 'RESULTS'), 'utf8')
    : null;
  return { flags, status, stdout, results };
}

try {
  const runs = Object.fromEntries(
    Object.entries(inputs).map(([name, input]) => [
      name,
      flagSets.map((/** @type {string[]} */ flags) => recorded(flags, input)),
    ]),
  );
  const refused = wrong.map((/** @type {string[]} */ args) => {
    const { status, stdout, stderr } = run(args, '');
    return { args, status, stdout, stderr: stderr.split('\n')[0].replace(/^Usage of .*:$/, 'Usage of load_cnosdb:') };
  });
  const usage = run(['--help'], '').stderr.split('\n').slice(1).join('\n');
  writeFileSync(new URL('recorded.json', folder), `${JSON.stringify({ usage, refused, runs }, null, 1)}\n`);
} finally {
  sink.kill();
  rmSync(scratch, { recursive: true });
}
