// Runs a shell command in a pseudo-terminal and exits with its code.

import { spawn } from 'node:child_process';

const child = spawn('script', ['--quiet', '--return', '--command', process.argv[2], '/dev/null'], {
  stdio: ['ignore', 'inherit', 'inherit'],
});
child.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
