// The Lua scripts of the shared limits. Redis runs each script atomically. All times are by the clock of Redis. A
// script gives a missing key its initial value, because Redis may lose its data. A key expires after a week without
// use.

/** A Lua script with the name of its Redis command, and the number of keys that it uses. */
export interface LimitScript {
  readonly name: string;
  readonly keys: number;
  readonly lua: string;
}

/** The method of an ioredis client that the limits use. */
export interface ScriptClient {
  defineCommand(name: string, definition: { readonly numberOfKeys: number; readonly lua: string }): void;
}

/** Defines the script as a command of Redis. Returns a function that runs this command with its keys and arguments. */
export function scriptRunner(
  client: ScriptClient,
  { name, keys, lua }: LimitScript,
): (...args: readonly string[]) => Promise<unknown> {
  client.defineCommand(name, { numberOfKeys: keys, lua });
  const commands = client as unknown as Record<string, (...args: readonly string[]) => Promise<unknown>>;
  return (...args) => commands[name]!(...args);
}

/**
 * Receives the request of one worker as JSON, and returns the state of the fleet as JSON (`limit-exchange.ts`). KEYS:
 * - leases: sorted set of permits; the score is the time of expiry
 * - waiting: sorted set of workers that wait for permits; the score is the time of their last request
 * - state: hash
 * - log: list of changes of a node's estimated memory
 * - pieces: hash with the rejected and read points of each piece
 * - snapshot: the estimated memory before the first change in the log
 * When a worker reports overload, the script halves the limit of requests in flight, at most once in 5 s. The limit
 * then grows by one a minute. If Redis has lost its data, the first snapshot that a worker sends begins a new epoch.
 * The other workers still have the earlier epoch, so the script returns this snapshot to them.
 */
export const exchangeScript: LimitScript = {
  name: 'bulkLoadExchange',
  keys: 6,
  lua: `
local leases, waiting, state, log, pieces, snapshot = unpack(KEYS)
local q = cjson.decode(ARGV[1])
local time = redis.call('TIME')
local micros = time[1] * 1000000 + time[2]
local now = math.floor(micros / 1000)
local function value(key, field) return tonumber(redis.call('HGET', key, field) or 0) end
local epoch = redis.call('HGET', state, 'epoch')
if not epoch then
  epoch = q.epoch
  redis.call('HSET', state, 'epoch', epoch, 'grantFrom', now + q.graceMs, 'forgot', q.graceMs)
end
for _, each in ipairs(KEYS) do redis.call('PEXPIRE', each, 604800000) end
local reply = { epoch = epoch, granted = {}, lost = {}, delays = {}, claimed = {} }

local limit = q.limit
local cutAt = value(state, 'cutAt')
if cutAt > 0 then limit = math.min(limit, value(state, 'cutTo') + math.floor((now - cutAt) / 60000)) end
if q.overloaded and now - cutAt >= 5000 then
  limit = math.max(1, math.floor(limit / 2))
  redis.call('HSET', state, 'cutTo', limit, 'cutAt', now)
end
reply.limit = limit

redis.call('ZREMRANGEBYSCORE', leases, '-inf', now)
redis.call('ZREMRANGEBYSCORE', waiting, '-inf', now - 1000)
for _, each in ipairs(q.released) do redis.call('ZREM', leases, each) end
for _, each in ipairs(q.held) do
  if redis.call('ZSCORE', leases, each) or redis.call('ZCARD', leases) < limit then
    redis.call('ZADD', leases, now + q.leaseMs, each)
  else
    table.insert(reply.lost, each)
  end
end
for _, each in ipairs(q.wanted) do
  if now < value(state, 'grantFrom') or redis.call('ZCARD', leases) >= limit then break end
  redis.call('ZADD', leases, now + q.leaseMs, each)
  table.insert(reply.granted, each)
end
if #q.wanted > #reply.granted then redis.call('ZADD', waiting, now, q.id) else redis.call('ZREM', waiting, q.id) end
reply.waiting = redis.call('ZCARD', waiting)
reply.excess = math.max(0, redis.call('ZCARD', leases) - limit)

for _, each in ipairs(q.reserved) do
  local from = math.max(micros, value(state, 'freeAt'))
  redis.call('HSET', state, 'freeAt', from + each)
  table.insert(reply.delays, (from - micros) / 1000)
end

for piece, each in pairs(q.pieces) do
  for field, points in pairs(each) do
    local before = value(pieces, piece .. ':' .. field)
    redis.call('HSET', pieces, piece .. ':' .. field, points)
    redis.call('HINCRBY', state, field, points - before)
  end
end
reply.read = value(state, 'read')
reply.rejected = value(state, 'rejected')

for _, each in ipairs(q.events) do redis.call('RPUSH', log, each) end
for _, each in ipairs(q.ended) do
  if redis.call('HGET', state, each .. 'By') == q.id then redis.call('HSET', state, each .. 'Until', 0) end
end
for _, each in ipairs(q.claims) do
  local by = redis.call('HGET', state, each.work .. 'By')
  local free = now >= value(state, each.work .. 'Until') or (each.renews and by == q.id)
  if free and now - value(state, each.work .. 'At') >= each.gapMs then
    redis.call('HSET', state, each.work .. 'By', q.id, each.work .. 'Until', now + each.leaseMs, each.work .. 'At', now)
    if each.event then redis.call('RPUSH', log, each.event) end
    table.insert(reply.claimed, each.token)
  end
end
reply.flushing = now < value(state, 'flushUntil')

local first = value(state, 'first')
if q.snapshot and q.snapshot.at >= first and q.snapshot.epoch == epoch and (q.snapshot.at > first or redis.call('EXISTS', snapshot) == 0) then
  redis.call('SET', snapshot, q.snapshot.saved)
  redis.call('LTRIM', log, q.snapshot.at - first, -1)
  first = q.snapshot.at
  redis.call('HSET', state, 'first', first)
  if value(state, 'forgot') > 0 then
    epoch = epoch .. '+'
    redis.call('HSET', state, 'epoch', epoch, 'forgot', 0)
    reply.epoch = epoch
  end
end
if q.cursor then
  local from = q.cursor
  if from < first or q.cursorEpoch ~= epoch then
    from = first
    reply.snapshot = redis.call('GET', snapshot) or ''
  end
  reply.events = redis.call('LRANGE', log, from - first, -1)
  reply.cursor = first + redis.call('LLEN', log)
  reply.first = first
end
return cjson.encode(reply)
`,
};

/**
 * Takes, renews or releases the turn to introduce columns. KEYS: turn (hash). ARGV: operation, worker, length of the
 * lease in ms, and grace time in ms. Every operation creates a missing key; the operation `prepare` does only this.
 * After the key is created, a worker can take the turn only when the grace time has passed, but it can renew its turn
 * at once. Returns 1 if the worker holds the turn afterwards, else 0.
 */
export const turnScript: LimitScript = {
  name: 'bulkLoadTurn',
  keys: 1,
  lua: `
local op, id, leaseMs, graceMs = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local from = redis.call('HGET', KEYS[1], 'grantFrom')
if not from then
  from = now + graceMs
  redis.call('HSET', KEYS[1], 'grantFrom', from)
end
redis.call('PEXPIRE', KEYS[1], 604800000)
local holder = redis.call('HGET', KEYS[1], 'holder')
local free = not holder or now >= tonumber(redis.call('HGET', KEYS[1], 'until'))
if op == 'release' then
  if holder == id then redis.call('HDEL', KEYS[1], 'holder') end
  return 0
end
if op == 'prepare' then return 0 end
if holder == id or (op == 'renew' and not holder) or (op == 'take' and free and now >= tonumber(from)) then
  redis.call('HSET', KEYS[1], 'holder', id, 'until', now + leaseMs)
  return 1
end
return 0
`,
};
