// The report of a load whose installation is removed during the load, as an update of the package does.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../../support/until.js';

const root = join(import.meta.dirname, '../../..');

test('a load writes its report although its installation is removed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'report-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const name of ['bin', 'dist', 'package.json'])
    cpSync(join(root, name), join(folder, 'app', name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'app/node_modules'));
  const [state, report] = [join(folder, 'state'), join(folder, 'report.html')];
  const output = join(folder, 'out.lp');
  const load = spawn(process.execPath, [
    ...[join(folder, 'app/bin/bulk-load.js'), `--dry-run=${output}`, '--db', 'db', '--state-dir', state],
    ...['--batch-linger', '50ms', '--report', report, '-'],
  ]);
  load.stdin.write('m f=1 1640995200000000000\n');
  // The program is complete in memory once the first point is in the temporary file of the output.
  const isWritten = (name: string): boolean => name.endsWith('.tmp') && statSync(join(folder, name)).size > 0;
  await until(() => readdirSync(folder).some(isWritten));
  rmSync(join(folder, 'app/dist'), { recursive: true });
  load.stdin.end('m f=2 1640995200000000001\n');
  expect(await once(load, 'exit')).toEqual([0, null]);
  expect(readFileSync(report, 'utf8')).toContain('</html>');
});
