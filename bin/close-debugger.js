// Closes the debugger that a SIGUSR1 opened while Node itself started, unless the user asked for a debugger.

const inspector = require('node:inspector');

const wanted = /--inspect(-brk|-wait)?(=| |$)/.test([...process.execArgv, process.env.NODE_OPTIONS].join(' '));

function closeDebugger() {
  if (!wanted && inspector.url() !== undefined) inspector.close();
}

closeDebugger();
// A signal that was sent before the listeners existed may reach the main thread later.
setImmediate(closeDebugger);
setTimeout(closeDebugger, 200).unref();
