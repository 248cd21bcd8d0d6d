import { script } from '@weir/internal'
import { STAMP_OFFSET, STORED_AT_OFFSET } from '../../frame.js'

/**
 * Scripts for a namespace's records. KEYS, all in one slot:
 *
 * 1. The records: a sorted set of names by stamp, with the clock and the floor among its members.
 *    They are lost together: if the set is gone (evicted, flushed), so is the floor, and the next
 *    script creates it anew as of now.
 * 2. Keys whose entries were replaced, by stamp.
 * 3. The same keys, by the expiry of their record in milliseconds since the epoch. Both expire with
 *    their last record. That time is also a member of the first set: if the second is gone before
 *    it, the floor rises to now.
 *
 * Each script begins by removing a member that does not exist. This write of nothing is refused by
 * any server that would not execute an invalidation: a replica, or a master without its replicas
 * (`min-replicas-to-write`). After it, a full Redis accepts the script's other writes.
 *
 * While a slot migrates to another node of a cluster, a script is executed only if all its keys are
 * on one of the two nodes, and none is missing unless it is the only one. Scripts that requests
 * wait for therefore get the first key alone, or the second.
 *
 * All stamps are below 2^53, exact as Lua numbers; %.0f writes them without an exponent.
 */
export const MARK = '\u0002'
export const CLOCK = `${MARK}clock`
const FLOOR = `${MARK}floor`
const HISTORY = `${MARK}history:`
/** The first floor of the namespace, kept until a higher one replaces it. */
const FIRST = `${MARK}first`
/** The expiry of the last replacement, in microseconds since the epoch. */
const LAST_END = `${MARK}ends`
/**
 * Prefix of the member for a key whose value was set explicitly: the replacement does not expire.
 */
export const PUT = `${MARK}!`
/** Prefix of the member for a tag that starts like one of the special members. */
export const ESCAPED = `${MARK}=`

/**
 * Start of every script about records: the write of nothing, and the history.
 *
 * After a restart Redis may have loaded an old snapshot, or a replica may have taken over: the
 * server may have entries whose invalidation it has lost. Its replication id changes in both cases.
 * If it shows another history than that of the records, the floor rises to now. (A run_id is not
 * enough: a master that became a replica and then master again keeps it.) Every script checks this:
 * INFO costs 2 µs, and no script reads the records before.
 */
const HISTORY_NOW = `
redis.call('ZREM', KEYS[1], '')
local history = '${HISTORY}' .. string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)')
`

/**
 * Common part of the scripts with the first key.
 *
 * Their first argument is a stamp that the caller has seen: none below it is issued, whatever
 * happened to Redis' clock or to the records. Their second is the channel of changes.
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

/** Records a replacement that expires. Recording one late does not lower a later one. */
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
 * Prunes records: every writer does so, a bounded number at a time.
 *
 * Records beyond the limit are dropped, oldest first, and the floor rises to the last of them.
 * Expired replacements are dropped too. Writers of replacements prune both kinds, writers of tags
 * only tags.
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
 * KEYS[1]. Creates the floor if there is none. -> stamp, and the floor if it is the namespace's
 * first one, else 0
 */
export const STAMP = script(`${TICK}
local stamp = tick()
local floor = redis.call('ZSCORE', KEYS[1], '${FLOOR}')
return { text(stamp), redis.call('ZSCORE', KEYS[1], '${FIRST}') == floor and floor or 0 }`)

/**
 * KEYS: the first, or two. ARGV: number of tags, the tags, keys. -> the scores of clock, floor,
 * tags, and keys that were set explicitly; of replaced keys if the second is passed; the history; 1
 * if the second has to exist
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
 * KEYS: the second. ARGV: keys. -> the scores of the replaced ones; the history; 1 if the second
 * exists
 */
export const REPLACED = script(`${HISTORY_NOW}
return { redis.call('ZMSCORE', KEYS[1], unpack(ARGV)), history, redis.call('EXISTS', KEYS[1]) }`)

/**
 * KEYS[1]. ARGV: first stamp, number of records. Issues a stamp. -> the stamp, the floor, then
 * members and scores, ascending
 */
export const PAGE = script(`${TICK}
local stamp = tick()
return { text(stamp), redis.call('ZSCORE', KEYS[1], '${FLOOR}'), unpack(redis.call('ZRANGE', KEYS[1], ARGV[1], '+inf', 'BYSCORE', 'LIMIT', 0, ARGV[2], 'WITHSCORES')) }`)

/** Reads a page of the replacements, otherwise like PAGE. KEYS: all. */
export const REPLACED_PAGE = script(`${TICK}
local stamp = tick()
return { text(stamp), redis.call('ZSCORE', KEYS[1], '${FLOOR}'), unpack(redis.call('ZRANGE', KEYS[2], ARGV[1], '+inf', 'BYSCORE', 'LIMIT', 0, ARGV[2], 'WITHSCORES')) }`)

/** KEYS[1]. ARGV: maximum number of records, tags. -> stamp */
export const INVALIDATE = script(`${TICK}${PRUNE}
local stamp = tick()
for i = 2, #ARGV do put(member(ARGV[i]), stamp) end
prune(stamp, tonumber(ARGV[1]), #ARGV + 16)
publish('invalidate', text(stamp), unpack(ARGV, 2))
return text(stamp)`)

/**
 * KEYS: all. ARGV: maximum number of records, a stamp, the key, the record's expiry or '' if it has
 * none, then the tags of the entry with that stamp. -> a stamp above that of the replacement; '0',
 * and nothing is replaced, if that entry is invalid; a stamp below 0 if the records were lost, and
 * start there
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
 * invalid as of that stamp
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
 * KEYS: all. ARGV: maximum number of records, the stamp of a past replacement, the key, the
 * record's expiry. A missing floor means that the records are lost, and the new one ends the
 * replaced entries. -> the clock
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

/** KEYS: all. Raises the floor to a new stamp and drops the records it makes obsolete. -> stamp */
export const CLEAR = script(`${TICK}
local stamp = tick()
redis.call('UNLINK', KEYS[1], KEYS[2], KEYS[3])
put('${CLOCK}', stamp)
put('${FLOOR}', stamp)
put(history, stamp)
publish('clear', text(stamp))
return text(stamp)`)

/**
 * Scripts for one entry. KEYS: the entry, and the lease to fill it, in one slot. The lease holds
 * the token of its instance, a mark if others wait for its end, and on a separate line the fills
 * that this one waits for, if any.
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
 * ARGV: stamp and storedAt of an unusable frame, a token, milliseconds. -> the frame, if there is
 * another; 0 if the token got the lease; or the remaining milliseconds of another token's lease,
 * and that token
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
 * ARGV: frame, milliseconds, the token of the lease to release or ''. Never replaces a frame with a
 * higher stamp. -> 1 if a client waits for the lease's end
 */
export const STORE = script(`${LEASE}
local present = redis.call('GETRANGE', KEYS[1], 0, ${STAMP_OFFSET + 7})
if #present < ${STAMP_OFFSET + 8} or stamp(present) <= stamp(ARGV[1]) then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
return ARGV[3] == '' and 0 or release(ARGV[3])`)

/** ARGV: token. -> 1 if a client waits for the lease's end */
export const RELEASE = script(`${LEASE}
return release(ARGV[1])`)

/** ARGV: token, milliseconds. -> 1 if the token still holds the lease */
export const RENEW = script(`${LEASE}
if holder() ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[2], ARGV[2])`)

/** ARGV: token, the fills that this one waits for. Other instances read them with WAITS. */
export const SET_WAITS = script(`${LEASE}
local token, awaited = holder()
if token == ARGV[1] then redis.call('SET', KEYS[2], token .. awaited .. '\\n' .. ARGV[2], 'KEEPTTL') end`)

/** ARGV: token. -> the fills that this one waits for; '' if there are none, or it has ended */
export const WAITS = script(`${LEASE}
local token, _, waits = holder()
return token == ARGV[1] and string.sub(waits, 2) or ''`)

/**
 * KEYS[1] only selects the slot; ARGV: channel, message. A client's prefix applies to keys but not
 * to channels.
 */
export const ANNOUNCE = script("return redis.call('SPUBLISH', ARGV[1], ARGV[2])")
