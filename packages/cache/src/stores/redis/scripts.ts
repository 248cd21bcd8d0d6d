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

const TICK = `
local function put(member, stamp) redis.call('ZADD', KEYS[1], string.format('%.0f', stamp), member) end
local function tick()
  local time = redis.call('TIME')
  local now = time[1] * 1000000 + time[2]
  local clock = tonumber(redis.call('ZSCORE', KEYS[1], '${CLOCK}') or 0)
  if now <= clock then now = clock + 1 end
  if not redis.call('ZSCORE', KEYS[1], '${FLOOR}') then
    put('${FLOOR}', now)
    now = now + 1
  end
  put('${CLOCK}', now)
  return now
end
`

/** Issues a stamp; makes the floor if it is lost. -> stamp */
export const STAMP = script(`${TICK}
return string.format('%.0f', tick())`)

/**
 * ARGV: the most records to keep, then tags. -> stamp.
 * Records above the limit go, oldest first and a bounded number at a time, and the floor rises to the last of them.
 */
export const INVALIDATE = script(`${TICK}
local stamp = tick()
for i = 2, #ARGV do put(ARGV[i], stamp) end
local extra = redis.call('ZCARD', KEYS[1]) - 2 - tonumber(ARGV[1])
if extra > 0 then
  local last = redis.call('ZRANGE', KEYS[1], math.min(extra, #ARGV + 16) - 1, math.min(extra, #ARGV + 16) - 1, 'WITHSCORES')[2]
  local floor = math.max(tonumber(last), tonumber(redis.call('ZSCORE', KEYS[1], '${FLOOR}')))
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', last)
  put('${FLOOR}', floor)
  put('${CLOCK}', stamp)
end
return string.format('%.0f', stamp)`)

/** Raises the floor to a new stamp and drops the records it makes pointless. -> stamp */
export const CLEAR = script(`${TICK}
local stamp = tick()
redis.call('UNLINK', KEYS[1])
put('${CLOCK}', stamp)
put('${FLOOR}', stamp)
return string.format('%.0f', stamp)`)

/** KEYS[1] entry; ARGV: frame, milliseconds. Never puts a frame over one with a higher stamp. -> 1 if it was put */
export const SET = script(`
local present = redis.call('GETRANGE', KEYS[1], ${STAMP_OFFSET}, ${STAMP_OFFSET + 7})
if #present == 8 and struct.unpack('>d', present) > struct.unpack('>d', string.sub(ARGV[1], ${STAMP_OFFSET + 1}, ${STAMP_OFFSET + 8})) then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`)
