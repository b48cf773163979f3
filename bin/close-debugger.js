// Closes the debugger that a SIGUSR1 opened while Node itself started, unless the user asked for a debugger.

const inspector = require('node:inspector');

const wanted = /--inspect(-brk|-wait)?(=| |$)/.test([...process.execArgv, process.env.NODE_OPTIONS].join(' '));

function closeDebugger() {
  if (!wanted && inspector.url() !== undefined) inspector.close();
}

closeDebugger();
// A signal from before the listeners may still be on its way to the main thread.
setImmediate(closeDebugger);
setTimeout(closeDebugger, 200).unref();
