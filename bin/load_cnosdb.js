#!/usr/bin/env node
// Without these listeners SIGUSR1 opens Node's debugger to every local user, and SIGUSR2 ends the process.
process.on('SIGUSR1', () => {}).on('SIGUSR2', () => {});
require('./close-debugger.js');
const { compiledCode, program } = require('./program.js');

program('load-cnosdb.cjs').loadCnosdb(process, compiledCode);
