// Closes the debugger that a SIGUSR1 opened while Node itself started, unless the user asked for a debugger.

import inspector from 'node:inspector';

const wanted = /--inspect(-brk|-wait)?(=| |$)/.test([...process.execArgv, process.env.NODE_OPTIONS].join(' '));

function close() {
  if (!wanted && inspector.url() !== undefined) inspector.close();
}

close();
// A signal from before the listeners may still be on its way to the main thread.
setImmediate(close);
setTimeout(close, 200).unref();
