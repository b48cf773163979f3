#!/usr/bin/env node
// Without these listeners SIGUSR1 opens Node's debugger to every local user, and SIGUSR2 ends the process.
process.on('SIGUSR1', () => {}).on('SIGUSR2', () => {});
await import('./start.js');

const { main } = await import('../dist/bundle/main.js');
await main(process);
