import { script } from '@weir/internal'
import { STAMP_OFFSET, STORED_AT_OFFSET } from '../../frame.js'

/**
 * KEYS[1] is the namespace's one record: a sorted set of tags by stamp, with the clock and the floor among its
 * members (control characters keep them apart from tags). They live and die together: if the set is gone - evicted,
 * flushed - so is the floor, and whoever notices makes it anew as of now.
 *
 * All stamps are below 2^53, exact as Lua numbers; %.0f writes them without an exponent.
 */
export const MARK = '\u0002'
export const CLOCK = `${MARK}clock`
const FLOOR = `${MARK}floor`
const HISTORY = `${MARK}history:`

/**
 * What the scripts about the records have in common. After a restart Redis may have begun from an old snapshot, or it was a replica that
 * took over: it may have entries whose invalidation it has lost. Its replication id, which changes with either, tells that it goes on with
 * another history than that of the records; then the floor rises to now. (A run_id does not tell: a master that became a replica and
 * then the master again still has the same.) In each script: INFO costs 2 µs, and none reads the records before. Their first argument is
 * a stamp the caller has seen: whatever happened to Redis' clock or to the records, none that is issued is lower.
 */
const TICK = `
local function put(member, stamp) redis.call('ZADD', KEYS[1], string.format('%.0f', stamp), member) end
local history = string.match(redis.call('INFO', 'replication'), 'role:master.*master_replid:(%w+)')
if not history then return redis.error_reply('READONLY A replica cannot tell what is valid') end
history = '${HISTORY}' .. history
local seen = tonumber(table.remove(ARGV, 1))
local function tick()
  local time = redis.call('TIME')
  local now = time[1] * 1000000 + time[2]
  local clock = math.max(tonumber(redis.call('ZSCORE', KEYS[1], '${CLOCK}') or 0), seen)
  if now <= clock then now = clock + 1 end
  if not redis.call('ZSCORE', KEYS[1], '${FLOOR}') then
    put('${FLOOR}', now)
    put(history, now)
    now = now + 1
  end
  put('${CLOCK}', now)
  return now
end
local function text(stamp) return string.format('%.0f', stamp) end
if not redis.call('ZSCORE', KEYS[1], history) and redis.call('EXISTS', KEYS[1]) == 1 then
  local now = tick()
  put('${FLOOR}', now)
  put(history, now)
end
`

/** Makes the floor if it is lost. -> stamp */
export const STAMP = script(`${TICK}
return text(tick())`)

/** ARGV: tags. -> the scores of clock, floor and the tags */
export const RECORDS = script(`${TICK}
return redis.call('ZMSCORE', KEYS[1], '${CLOCK}', '${FLOOR}', unpack(ARGV))`)

/** ARGV: a stamp to begin at, how many. Issues a stamp. -> the stamp, the floor, then members and scores, ascending */
export const PAGE = script(`${TICK}
local stamp = tick()
return { text(stamp), redis.call('ZSCORE', KEYS[1], '${FLOOR}'), unpack(redis.call('ZRANGE', KEYS[1], ARGV[1], '+inf', 'BYSCORE', 'LIMIT', 0, ARGV[2], 'WITHSCORES')) }`)

/**
 * ARGV: channel, the most records to keep, then tags. -> stamp.
 * Records above the limit go, oldest first and a bounded number at a time, and the floor rises to the last of them.
 */
export const INVALIDATE = script(`${TICK}
local stamp = tick()
for i = 3, #ARGV do put(ARGV[i], stamp) end
local extra = redis.call('ZCARD', KEYS[1]) - 3 - tonumber(ARGV[2])
if extra > 0 then
  local last = redis.call('ZRANGE', KEYS[1], math.min(extra, #ARGV + 16) - 1, math.min(extra, #ARGV + 16) - 1, 'WITHSCORES')[2]
  local floor = math.max(tonumber(last), tonumber(redis.call('ZSCORE', KEYS[1], '${FLOOR}')))
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', last)
  put('${FLOOR}', floor)
  put('${CLOCK}', stamp)
  put(history, stamp)
end
redis.call('SPUBLISH', ARGV[1], text(stamp) .. '\\n' .. table.concat(ARGV, '\\n', 3))
return text(stamp)`)

/**
 * ARGV: channel, a stamp, the tag to invalidate, then all tags of what has the stamp. -> a stamp above that of the invalidation; '0', and
 * nothing is invalidated, if the given one is not valid any more
 */
export const SUPERSEDE = script(`${TICK}
local floor = redis.call('ZSCORE', KEYS[1], '${FLOOR}')
if not floor or tonumber(ARGV[2]) <= tonumber(floor) then return '0' end
for i = 4, #ARGV do
  local record = redis.call('ZSCORE', KEYS[1], ARGV[i])
  if record and tonumber(ARGV[2]) <= tonumber(record) then return '0' end
end
local stamp = tick()
put(ARGV[3], stamp)
redis.call('SPUBLISH', ARGV[1], text(stamp) .. '\\n' .. ARGV[3])
return text(tick())`)

/** ARGV: channel. Raises the floor to a new stamp and drops the records it makes pointless. -> stamp */
export const CLEAR = script(`${TICK}
local stamp = tick()
redis.call('UNLINK', KEYS[1])
put('${CLOCK}', stamp)
put('${FLOOR}', stamp)
put(history, stamp)
redis.call('SPUBLISH', ARGV[1], text(stamp))
return text(stamp)`)

/**
 * The scripts about one entry. KEYS: the entry, and the lease to fill it, in one slot. The lease holds the token of who has it,
 * and a mark if somebody waits for its end.
 */
const LEASE = `
local function holder() return string.match(redis.call('GET', KEYS[2]) or '', '^([^!]*)(!?)$') end
local function release(mine)
  local token, awaited = holder()
  if token ~= mine then return 0 end
  redis.call('DEL', KEYS[2])
  return #awaited
end
local function double(frame, offset) return struct.unpack('>d', frame, offset + 1) end
local function stamp(frame) return double(frame, ${STAMP_OFFSET}) end
`

/**
 * ARGV: stamp and storedAt of a frame that is of no use, a token, milliseconds. -> the frame, if there is another; or 0, and
 * the lease is the token's; or the milliseconds it still is another one's, and whose
 */
export const CLAIM = script(`${LEASE}
local frame = redis.call('GET', KEYS[1])
if frame then
  if #frame < ${STORED_AT_OFFSET + 8} then return frame end
  local stamp, seen = stamp(frame), tonumber(ARGV[1])
  if stamp > seen or (stamp == seen and double(frame, ${STORED_AT_OFFSET}) ~= tonumber(ARGV[2])) then return frame end
end
if redis.call('SET', KEYS[2], ARGV[3], 'NX', 'PX', ARGV[4]) then return 0 end
local token, awaited = holder()
if awaited == '' then redis.call('SET', KEYS[2], token .. '!', 'KEEPTTL') end
return { redis.call('PTTL', KEYS[2]), token }`)

/**
 * ARGV: frame, milliseconds, the token of the lease to give up or ''. Never puts a frame over one with a higher stamp. -> 1 if
 * somebody waits for the lease's end
 */
export const STORE = script(`${LEASE}
local present = redis.call('GETRANGE', KEYS[1], 0, ${STAMP_OFFSET + 7})
if #present < ${STAMP_OFFSET + 8} or stamp(present) <= stamp(ARGV[1]) then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
return ARGV[3] == '' and 0 or release(ARGV[3])`)

/** ARGV: token. -> 1 if somebody waits for the lease's end */
export const RELEASE = script(`${LEASE}
return release(ARGV[1])`)

/** ARGV: token, milliseconds. -> 1 if the lease is still the token's */
export const RENEW = script(`${LEASE}
if holder() ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[2], ARGV[2])`)

/** KEYS[1] is only for the slot; ARGV: channel, message. A client's prefix goes before keys, and not before what is listened to. */
export const ANNOUNCE = script("return redis.call('SPUBLISH', ARGV[1], ARGV[2])")
