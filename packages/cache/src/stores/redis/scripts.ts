import { createHash } from 'node:crypto'
import { STAMP_OFFSET } from '../../frame.js'

/** A Lua script with the digest Redis knows it by. */
export interface Script {
  readonly source: string
  readonly sha: string
}

const script = (source: string): Script => ({ source, sha: createHash('sha1').update(source).digest('hex') })

/**
 * KEYS[1] is the namespace's one record: a sorted set of tags by stamp, with the clock and the floor among its
 * members (control characters keep them apart from tags). They live and die together: if the set is gone - evicted,
 * flushed - so is the floor, and whoever notices makes it anew as of now.
 *
 * All stamps are below 2^53, exact as Lua numbers; %.0f writes them without an exponent.
 */
export const CLOCK = '\u0002clock'
export const FLOOR = '\u0002floor'
const RUN = '\u0002run:'

/**
 * What the scripts have in common. Their first argument is 1 when Redis has forgotten them, as after a restart: it may have
 * begun from an old snapshot, or be a replica that took over, and have entries whose invalidation it has lost. Its run_id
 * tells; then the floor rises to now. In the same script, so that none is ever loaded without.
 */
const TICK = `
local function put(member, stamp) redis.call('ZADD', KEYS[1], string.format('%.0f', stamp), member) end
local function run() return '${RUN}' .. string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') end
local function tick(above)
  local time = redis.call('TIME')
  local now = time[1] * 1000000 + time[2]
  local clock = math.max(tonumber(redis.call('ZSCORE', KEYS[1], '${CLOCK}') or 0), above or 0)
  if now <= clock then now = clock + 1 end
  if not redis.call('ZSCORE', KEYS[1], '${FLOOR}') then
    put('${FLOOR}', now)
    put(run(), now)
    now = now + 1
  end
  put('${CLOCK}', now)
  return now
end
local function text(stamp) return string.format('%.0f', stamp) end
if table.remove(ARGV, 1) == '1' and redis.call('EXISTS', KEYS[1]) == 1 and not redis.call('ZSCORE', KEYS[1], run()) then
  local now = tick()
  put('${FLOOR}', now)
  put(run(), now)
end
`

/** ARGV: a stamp that the new one has to exceed. Makes the floor if it is lost. -> stamp */
export const STAMP = script(`${TICK}
return text(tick(tonumber(ARGV[1])))`)

/** ARGV: tags. -> the scores of clock, floor and the tags */
export const RECORDS = script(`${TICK}
return redis.call('ZMSCORE', KEYS[1], '${CLOCK}', '${FLOOR}', unpack(ARGV))`)

/**
 * ARGV: channel, the most records to keep, then tags. -> stamp.
 * Records above the limit go, oldest first and a bounded number at a time, and the floor rises to the last of them.
 */
export const INVALIDATE = script(`${TICK}
local stamp = tick()
for i = 3, #ARGV do put(ARGV[i], stamp) end
local extra = redis.call('ZCARD', KEYS[1]) - 2 - tonumber(ARGV[2])
if extra > 0 then
  local last = redis.call('ZRANGE', KEYS[1], math.min(extra, #ARGV + 16) - 1, math.min(extra, #ARGV + 16) - 1, 'WITHSCORES')[2]
  local floor = math.max(tonumber(last), tonumber(redis.call('ZSCORE', KEYS[1], '${FLOOR}')))
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', last)
  put('${FLOOR}', floor)
  put('${CLOCK}', stamp)
end
redis.call('PUBLISH', ARGV[1], text(stamp) .. '\\n' .. table.concat(ARGV, '\\n', 3))
return text(stamp)`)

/** ARGV: channel. Raises the floor to a new stamp and drops the records it makes pointless. -> stamp */
export const CLEAR = script(`${TICK}
local stamp = tick()
redis.call('UNLINK', KEYS[1])
put('${CLOCK}', stamp)
put('${FLOOR}', stamp)
put(run(), stamp)
redis.call('PUBLISH', ARGV[1], text(stamp))
return text(stamp)`)

/** KEYS[1] entry; ARGV: frame, milliseconds. Never puts a frame over one with a higher stamp. -> 1 if it was put */
export const SET = script(`
local present = redis.call('GETRANGE', KEYS[1], ${STAMP_OFFSET}, ${STAMP_OFFSET + 7})
if #present == 8 and struct.unpack('>d', present) > struct.unpack('>d', string.sub(ARGV[1], ${STAMP_OFFSET + 1}, ${STAMP_OFFSET + 8})) then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`)
