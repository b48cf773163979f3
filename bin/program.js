// Runs the files of dist/bundle with compiled code that an earlier run cached. Node's own cache (22.8 and later) lacks the
// functions that V8 compiles at their first call. Compiling these functions is most of the work of a small load.

const { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { Script } = require('node:vm');
const { crc32 } = require('node:zlib');

const bundle = `${__dirname}/../dist/bundle/`;
const requireExternal = createRequire(bundle);
const directory = codeDirectory(process.env, process.getuid?.());
/**
 * A cache file begins with four words of 4 bytes: the CRC-32 of the code, the version tag of the V8 that compiled the code, 1
 * if a load that succeeded wrote the code, and 0. V8 copies code that does not begin at a multiple of 8 bytes.
 */
const headBytes = 16;
const dayMs = 24 * 60 * 60 * 1000;
/** @type {Map<string, object>} */
const loaded = new Map();
/** @type {{ name: string, script: Script }[]} */
const scripts = [];
/** V8's version tag, which depends on the flags, when this process started. */
let firstTag = 0;
/** True if some code was not in the cache. */
let isMissing = false;
/** True if some code may lack functions that a load calls. */
let isPartial = false;
let isLoad = false;

/** Returns what a file of the bundle exports. @param {string} name */
function program(name) {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const filename = bundle + name;
  // The hash in a name identifies the file's content. Files without a hash have a few lines and are not cached.
  const isKept = directory !== null && /-[\w-]{8}\.cjs$/.test(name);
  const kept = isKept ? readCode(name) : undefined;
  // The files are ASCII, and V8 stores a Latin-1 character in one byte.
  const script = new Script(readFileSync(filename, 'latin1'), { filename, cachedData: kept?.subarray(headBytes) });
  if (isKept) {
    const isUsed = script.cachedDataRejected === false;
    firstTag ||= isUsed ? kept.readUInt32LE(4) : tag();
    isMissing ||= !isUsed;
    isPartial ||= !isUsed || !isOfLoad(kept);
    scripts.push({ name, script });
  }
  const exports = {};
  loaded.set(name, exports);
  script.runInThisContext()(exports, required, filename);
  return exports;
}

/** @param {string} id */
function required(id) {
  return id.startsWith('./') ? program(id.slice(2)) : requireExternal(id);
}

/** Scripts of node:vm cannot import modules themselves without a warning. @param {string} id */
required.importModule = (id) => import(id);

/**
 * Caches the compiled code of all files, functions called so far included. Does nothing after a change of V8's flags. Other
 * commands and loads that fail call fewer functions, so they do not replace the code of a load that succeeded.
 */
function keepCode() {
  const hasLoaded = isLoad && !process.exitCode;
  if (!(isMissing || (isPartial && hasLoaded)) || tag() !== firstTag) return;
  for (const { name, script } of scripts) {
    const file = codeFile(name);
    const found = readCode(name);
    if (!hasLoaded && found !== undefined && isOfLoad(found)) continue;
    const draft = `${file}.${process.pid}`;
    const head = Buffer.alloc(headBytes);
    try {
      writeFileSync(draft, head, { flag: 'wx', mode: 0o600 });
      const code = script.createCachedData();
      head.writeUInt32LE(crc32(code), 0);
      head.writeUInt32LE(firstTag, 4);
      head.writeUInt32LE(Number(hasLoaded), 8);
      writeFileSync(draft, Buffer.concat([head, code]));
      renameSync(draft, file);
    } catch {
      return;
    }
  }
  removeOldCode();
}

/** Removes cached code of other versions of this program. Keeps files younger than a day, which may be in use. */
function removeOldCode() {
  try {
    const names = new Set(readdirSync(bundle));
    for (const file of readdirSync(directory)) {
      const path = `${directory}/${file}`;
      const isOwn = names.has(file.replace(/(\.cjs)-.*/, '$1'));
      if (!isOwn && Date.now() - lstatSync(path).mtimeMs > dayMs) unlinkSync(path);
    }
  } catch {
    // Another process may have removed a file meanwhile.
  }
}

/** @param {string} name */
function readCode(name) {
  try {
    const bytes = readFileSync(codeFile(name));
    return bytes.readUInt32LE(0) === crc32(bytes.subarray(headBytes)) ? bytes : undefined;
  } catch {
    return undefined;
  }
}

/** @param {Buffer} bytes */
function isOfLoad(bytes) {
  return bytes.readUInt32LE(8) === 1;
}

/**
 * Returns the path of a cache file. V8 accepts cached code only from the same Node and flags; 2 is the format of the head.
 * @param {string} name
 */
function codeFile(name) {
  const flags = crc32([...process.execArgv, process.env.NODE_OPTIONS].join(' ')).toString(16);
  return `${directory}/${name}-2-${process.version}-${process.arch}-${flags}`;
}

function tag() {
  return require('node:v8').cachedDataVersionTag();
}

/**
 * Returns the directory for compiled code. Returns null if another user could put code into the directory: under sudo, HOME
 * may belong to another user. Also returns null in the run that creates the directory: a container may never run again.
 * @param {NodeJS.ProcessEnv} env
 * @param {number | undefined} user
 */
function codeDirectory({ NODE_DISABLE_COMPILE_CACHE, XDG_CACHE_HOME, HOME }, user) {
  const base = XDG_CACHE_HOME || (HOME && `${HOME}/.cache`);
  if (NODE_DISABLE_COMPILE_CACHE || !base || user === undefined) return null;
  const path = `${base}/bulk-load`;
  try {
    if (!isOwn(HOME || base, user)) return null;
    const isCreated = mkdirSync(path, { recursive: true, mode: 0o700 }) !== undefined;
    return !isCreated && isOwn(base, user) && isOwn(path, user) ? path : null;
  } catch {
    return null;
  }
}

/**
 * @param {string} path
 * @param {number} user
 */
function isOwn(path, user) {
  const { uid, mode } = lstatSync(path);
  return uid === user && (mode & 0o22) === 0;
}

process.on('exit', keepCode);

/** Only loads ask. */
function isNew() {
  isLoad = true;
  return isPartial;
}

module.exports = { program, compiledCode: { isNew, keep: keepCode } };
