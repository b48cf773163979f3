// What both programs do before their own code loads.

/** Modules of Node without an import statement, which would load everything that they make on demand. */
const [inspector, module, { lstatSync, mkdirSync }] = ['inspector', 'module', 'fs'].map((name) =>
  process.getBuiltinModule(`node:${name}`),
);

const wanted = /--inspect(-brk|-wait)?(=| |$)/.test([...process.execArgv, process.env.NODE_OPTIONS].join(' '));

/** Closes the debugger that a SIGUSR1 opened while Node itself started, unless the user asked for a debugger. */
function closeDebugger() {
  if (!wanted && inspector.url() !== undefined) inspector.close();
}

closeDebugger();
// A signal from before the listeners may still be on its way to the main thread.
setImmediate(closeDebugger);
setTimeout(closeDebugger, 200).unref();

/**
 * Returns the directory for compiled code, and creates it; null where someone else could put code there: a program under
 * sudo may have the home of another user.
 * @param {NodeJS.ProcessEnv} env
 * @param {number | undefined} user
 */
export function codeDirectory({ XDG_CACHE_HOME, HOME }, user) {
  const base = XDG_CACHE_HOME || (HOME && `${HOME}/.cache`);
  if (!base || user === undefined) return null;
  const directory = `${base}/bulk-load`;
  try {
    if (!isOwn(HOME || base, user)) return null;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    return isOwn(base, user) && isOwn(directory, user) ? directory : null;
  } catch {
    return null;
  }
}

/**
 * @param {string} directory
 * @param {number} user
 */
function isOwn(directory, user) {
  const { uid, mode } = lstatSync(directory);
  return uid === user && (mode & 0o22) === 0;
}

// Node 22.8 and later. NODE_DISABLE_COMPILE_CACHE=1 switches it off, NODE_COMPILE_CACHE names another directory.
if (module.enableCompileCache !== undefined) {
  const directory = codeDirectory(process.env, process.getuid?.());
  if (directory !== null) module.enableCompileCache(directory);
}
