import { script } from '@weir/internal'
import { STAMP_OFFSET, STORED_AT_OFFSET } from '../../frame.js'

/**
 * The scripts about a namespace's records. KEYS, all in one slot:
 *
 * 1. The records: a sorted set of names by stamp, with the clock and the floor among its members.
 *    They live and die together: if the set is gone - evicted, flushed - so is the floor, and the
 *    next script makes it anew as of now.
 * 2. Keys whose entry was replaced, by stamp. 3. The same keys, by the time at which the record
 *    ends, in milliseconds since the epoch. Both expire with their last record. That time is a
 *    member of the first, too: if the second is gone before it, the floor rises to now.
 *
 * Each script begins by removing a member that does not exist: a write of nothing, which a server
 * refuses that would not carry out an invalidation - a replica, a master without its replicas
 * (`min-replicas-to-write`) - and after which a full Redis takes what else the script writes.
 *
 * While a slot is on its way to another node of a cluster, a script is carried out only if all of
 * its keys are on one of the two, and none is missing unless it is the only one. So those that
 * requests wait for are given the first key alone, or the second.
 *
 * All stamps are below 2^53, exact as Lua numbers; %.0f writes them without an exponent.
 */
export const MARK = '\u0002'
export const CLOCK = `${MARK}clock`
const FLOOR = `${MARK}floor`
const HISTORY = `${MARK}history:`
/** The floor that the namespace began with, for as long as it has no higher one. */
const FIRST = `${MARK}first`
/** The end of the last replacement, in microseconds since the epoch. */
const LAST_END = `${MARK}ends`
/** Begins the member for a key whose value was put by hand: the replacement has no end. */
export const PUT = `${MARK}!`
/** Begins the member for a tag that begins like one of the members that are none. */
export const ESCAPED = `${MARK}=`

/**
 * Begins every script about records: the write of nothing, and the history. After a restart Redis
 * may have begun from an old snapshot, or it was a replica that took over: it may have entries
 * whose invalidation it has lost. Its replication id changes with either and tells that it goes on
 * with another history than that of the records; then the floor rises to now. (A run_id does not
 * tell: a master that became a replica and then the master again still has the same.) In each
 * script: INFO costs 2 µs, and none reads the records before.
 */
const HISTORY_NOW = `
redis.call('ZREM', KEYS[1], '')
local history = '${HISTORY}' .. string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)')
`

/**
 * The part that scripts with the first key have in common. Their first argument is a stamp the
 * caller has seen: whatever happened to Redis' clock or to the records, none that is issued is
 * lower. Their second is the channel of changes.
 */
const TICK = `${HISTORY_NOW}
local function put(member, stamp) redis.call('ZADD', KEYS[1], string.format('%.0f', stamp), member) end
local seen = tonumber(table.remove(ARGV, 1))
local channel = table.remove(ARGV, 1)
local time = redis.call('TIME')
local function text(stamp) return string.format('%.0f', stamp) end
local function publish(...) redis.call('SPUBLISH', channel, cjson.encode({ ... })) end
local function raise(stamp)
  -- First: a user who may not publish changes nothing.
  publish('clear', text(stamp))
  put('${FLOOR}', stamp)
  put(history, stamp)
end
local function tick()
  local now = time[1] * 1000000 + time[2]
  local clock = math.max(tonumber(redis.call('ZSCORE', KEYS[1], '${CLOCK}') or 0), seen)
  if now <= clock then now = clock + 1 end
  if not redis.call('ZSCORE', KEYS[1], '${FLOOR}') then
    raise(now)
    put('${FIRST}', now)
    now = now + 1
  end
  put('${CLOCK}', now)
  return now
end
local function member(tag) return string.byte(tag) == ${MARK.charCodeAt(0)} and '${ESCAPED}' .. tag or tag end
local function hasReplacements()
  return tonumber(redis.call('ZSCORE', KEYS[1], '${LAST_END}') or 0) > time[1] * 1000000 + time[2]
end
local isOther = not redis.call('ZSCORE', KEYS[1], history) and redis.call('EXISTS', KEYS[1]) == 1
if isOther or KEYS[2] and hasReplacements() and redis.call('EXISTS', KEYS[2]) == 0 then
  raise(tick())
  redis.call('ZREM', KEYS[1], '${LAST_END}')
end
`

/**
 * Records a replacement that ends by itself. One that is recorded late does not lower a later one.
 */
const REPLACED_RECORD = `
local function replaced(key, stamp, ends)
  redis.call('ZADD', KEYS[2], 'GT', text(stamp), key)
  redis.call('ZADD', KEYS[3], 'GT', ends, key)
  local last = math.ceil(tonumber(redis.call('ZRANGE', KEYS[3], -1, -1, 'WITHSCORES')[2]))
  for i = 2, 3 do
    redis.call('PEXPIREAT', KEYS[i], text(last), 'NX')
    redis.call('PEXPIREAT', KEYS[i], text(last), 'GT')
  end
  redis.call('ZADD', KEYS[1], 'GT', text(last * 1000), '${LAST_END}')
end
`

/**
 * Every writer of records prunes, a bounded number at a time. Records beyond the limit go, oldest
 * first, and the floor rises to the last of them. Replacements also go when they have ended; their
 * writer prunes both kinds, and that of tags its own.
 */
const PRUNE = `
local function prune(stamp, limit, batch)
  local function drop(keys)
    if #keys == 0 then return end
    redis.call('ZREM', KEYS[2], unpack(keys))
    redis.call('ZREM', KEYS[3], unpack(keys))
  end
  local function last(key, extra)
    local rank = math.min(extra, batch) - 1
    return extra > 0 and tonumber(redis.call('ZRANGE', key, rank, rank, 'WITHSCORES')[2]) or 0
  end
  local extra, lastReplaced = 0, 0
  if KEYS[3] then
    local now = math.floor(time[1] * 1000 + time[2] / 1000)
    drop(redis.call('ZRANGE', KEYS[3], '-inf', now, 'BYSCORE', 'LIMIT', 0, batch))
    extra = redis.call('ZCARD', KEYS[2]) - limit
    lastReplaced = last(KEYS[2], extra)
  end
  local lastTag = last(KEYS[1], redis.call('ZCARD', KEYS[1]) - 3 - limit)
  local floor = math.max(lastTag, lastReplaced)
  if floor == 0 then return end
  if extra > 0 then drop(redis.call('ZRANGE', KEYS[2], 0, math.min(extra, batch) - 1)) end
  floor = math.max(floor, tonumber(redis.call('ZSCORE', KEYS[1], '${FLOOR}')))
  if lastTag > 0 then redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', text(lastTag)) end
  put('${FLOOR}', floor)
  put('${CLOCK}', stamp)
  put(history, stamp)
end
`

/**
 * KEYS[1]. Makes the floor if there is none. -> stamp, and the floor if it is the one the namespace
 * began with, else 0
 */
export const STAMP = script(`${TICK}
local stamp = tick()
local floor = redis.call('ZSCORE', KEYS[1], '${FLOOR}')
return { text(stamp), redis.call('ZSCORE', KEYS[1], '${FIRST}') == floor and floor or 0 }`)

/**
 * KEYS: the first, or two. ARGV: how many tags, the tags, keys. -> the scores of clock, floor,
 * tags, and keys as they were put; of replaced keys if the second is given; the history; 1 if there
 * has to be a second
 */
export const RECORDS = script(`${TICK}
local tags = tonumber(table.remove(ARGV, 1))
local members = {}
for i = 1, #ARGV do members[i] = i > tags and '${PUT}' .. ARGV[i] or member(ARGV[i]) end
return {
  redis.call('ZMSCORE', KEYS[1], '${CLOCK}', '${FLOOR}', unpack(members)),
  KEYS[2] and tags < #ARGV and redis.call('ZMSCORE', KEYS[2], unpack(ARGV, tags + 1)) or {},
  history,
  hasReplacements() and 1 or 0
}`)

/**
 * KEYS: the second. ARGV: keys. -> the scores of those that were replaced; the history; 1 if the
 * second exists
 */
export const REPLACED = script(`${HISTORY_NOW}
return { redis.call('ZMSCORE', KEYS[1], unpack(ARGV)), history, redis.call('EXISTS', KEYS[1]) }`)

/**
 * KEYS[1]. ARGV: a stamp to begin at, how many. Issues a stamp. -> the stamp, the floor, then
 * members and scores, ascending
 */
export const PAGE = script(`${TICK}
local stamp = tick()
return { text(stamp), redis.call('ZSCORE', KEYS[1], '${FLOOR}'), unpack(redis.call('ZRANGE', KEYS[1], ARGV[1], '+inf', 'BYSCORE', 'LIMIT', 0, ARGV[2], 'WITHSCORES')) }`)

/** Reads a page of the replacements, otherwise like PAGE. KEYS: all. */
export const REPLACED_PAGE = script(`${TICK}
local stamp = tick()
return { text(stamp), redis.call('ZSCORE', KEYS[1], '${FLOOR}'), unpack(redis.call('ZRANGE', KEYS[2], ARGV[1], '+inf', 'BYSCORE', 'LIMIT', 0, ARGV[2], 'WITHSCORES')) }`)

/** KEYS[1]. ARGV: the most records to keep, tags. -> stamp */
export const INVALIDATE = script(`${TICK}${PRUNE}
local stamp = tick()
for i = 2, #ARGV do put(member(ARGV[i]), stamp) end
prune(stamp, tonumber(ARGV[1]), #ARGV + 16)
publish('invalidate', text(stamp), unpack(ARGV, 2))
return text(stamp)`)

/**
 * KEYS: all. ARGV: the most records to keep, a stamp, the key, when the record ends or '' if it
 * does not, then the tags of the entry that has the stamp. -> a stamp above that of the
 * replacement; '0', and nothing is replaced, if that entry is invalid; a stamp below 0 if the
 * records were lost, and begin there
 */
export const REPLACE = script(`${TICK}${REPLACED_RECORD}${PRUNE}
local own, key, ends = tonumber(ARGV[2]), ARGV[3], ARGV[4]
local floor = redis.call('ZSCORE', KEYS[1], '${FLOOR}')
if floor and own <= tonumber(floor) then return '0' end
local stamp = tick()
-- Records that are lost may have had one that ends the value. A caller that has seen no stamp began with none.
if not floor and (ends ~= '' or seen > 0) then return '-' .. text(stamp) end
local function isAfter(record) return not record or own > tonumber(record) end
for i = 5, #ARGV do
  if not isAfter(redis.call('ZSCORE', KEYS[1], member(ARGV[i]))) then return '0' end
end
if ends ~= '' and not (isAfter(redis.call('ZSCORE', KEYS[1], '${PUT}' .. key)) and isAfter(redis.call('ZSCORE', KEYS[2], key))) then
  return '0'
end
if ends == '' then put('${PUT}' .. key, stamp) else replaced(key, stamp, ends) end
prune(stamp, tonumber(ARGV[1]), 16)
publish('replace', text(stamp), key, ends)
return text(tick())`)

/**
 * KEYS: all. ARGV: the stamp of an entry, its key, its tags. -> a stamp; '0' if the entry is
 * invalid as of that
 */
export const STAMP_IF_VALID = script(`${TICK}
local own, key = tonumber(ARGV[1]), ARGV[2]
local function endsIt(record) return record and own <= tonumber(record) end
local floor = redis.call('ZSCORE', KEYS[1], '${FLOOR}')
if not floor or endsIt(floor) then return '0' end
for i = 3, #ARGV do
  if endsIt(redis.call('ZSCORE', KEYS[1], member(ARGV[i]))) then return '0' end
end
if endsIt(redis.call('ZSCORE', KEYS[1], '${PUT}' .. key)) or endsIt(redis.call('ZSCORE', KEYS[2], key)) then return '0' end
return text(tick())`)

/**
 * KEYS: all. ARGV: the most records to keep, the stamp of a replacement that was made, the key,
 * when the record ends. Without a floor the records are lost, and the one that is made ends what
 * the replacement does. -> the clock
 */
export const RECORD_REPLACED = script(`${TICK}${REPLACED_RECORD}${PRUNE}
local stamp, key, ends = tonumber(ARGV[2]), ARGV[3], ARGV[4]
local clock = tick()
if stamp > tonumber(redis.call('ZSCORE', KEYS[1], '${FLOOR}')) then
  replaced(key, stamp, ends)
  prune(clock, tonumber(ARGV[1]), 16)
  publish('replace', text(stamp), key, ends)
end
return text(clock)`)

/** KEYS: all. Raises the floor to a new stamp and drops the records it makes pointless. -> stamp */
export const CLEAR = script(`${TICK}
local stamp = tick()
redis.call('UNLINK', KEYS[1], KEYS[2], KEYS[3])
put('${CLOCK}', stamp)
put('${FLOOR}', stamp)
put(history, stamp)
publish('clear', text(stamp))
return text(stamp)`)

/**
 * The scripts about one entry. KEYS: the entry, and the lease to fill it, in one slot. The lease
 * holds the token of the instance that has it, a mark if others wait for its end, and on a line of
 * its own the fills that this one waits for, if there are any.
 */
const LEASE = `
local function holder() return string.match(redis.call('GET', KEYS[2]) or '', '^([^!\\n]*)(!?)(.*)$') end
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
 * ARGV: stamp and storedAt of a frame that is of no use, a token, milliseconds. -> the frame, if
 * there is another; or 0, and the lease is the token's; or the milliseconds it still is another
 * one's, and whose
 */
export const CLAIM = script(`${LEASE}
local frame = redis.call('GET', KEYS[1])
if frame then
  if #frame < ${STORED_AT_OFFSET + 8} then return frame end
  local stamp, seen = stamp(frame), tonumber(ARGV[1])
  if stamp > seen or (stamp == seen and double(frame, ${STORED_AT_OFFSET}) ~= tonumber(ARGV[2])) then return frame end
end
if redis.call('SET', KEYS[2], ARGV[3], 'NX', 'PX', ARGV[4]) then return 0 end
local token, awaited, waits = holder()
if awaited == '' then redis.call('SET', KEYS[2], token .. '!' .. waits, 'KEEPTTL') end
return { redis.call('PTTL', KEYS[2]), token }`)

/**
 * ARGV: frame, milliseconds, the token of the lease to give up or ''. Never puts a frame over one
 * with a higher stamp. -> 1 if somebody waits for the lease's end
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

/** ARGV: token, the fills that this one waits for. Others read them by WAITS. */
export const SET_WAITS = script(`${LEASE}
local token, awaited = holder()
if token == ARGV[1] then redis.call('SET', KEYS[2], token .. awaited .. '\\n' .. ARGV[2], 'KEEPTTL') end`)

/**
 * ARGV: token. -> the fills that this one waits for, as they were set; '' if there are none, or it
 * has ended
 */
export const WAITS = script(`${LEASE}
local token, _, waits = holder()
return token == ARGV[1] and string.sub(waits, 2) or ''`)

/**
 * KEYS[1] is only for the slot; ARGV: channel, message. A client's prefix goes before keys, and not
 * before what is listened to.
 */
export const ANNOUNCE = script("return redis.call('SPUBLISH', ARGV[1], ARGV[2])")
