import { script } from '@weir/internal'
import { openRedis, type RedisError, type RedisLocation } from '@weir/redis'
import { MetricsError } from '../errors.js'
import { parseRecord, parseState } from '../parse.js'
import { type MinuteRecord } from '../record.js'
import { type MetricsStore } from '../store.js'
import { firstMinute, firstMoment, KEPT_SECONDS, TAKEN } from './retention.js'

export type { RedisClient, RedisLocation } from '@weir/redis'

/** Options of {@link redisStore}: `url` or `client`, and these. */
export interface RedisStoreOptions extends RedisLocation {
  /** Prefix of every key. Default `weir`. */
  readonly prefix?: string
}

// Minutes that an instance's clock may be ahead. Records further in the future are read when their
// time comes.
const AHEAD = 5
// Minutes read at once: a day has 1,440.
const AT_ONCE = 60

/**
 * KEYS[1]: a hash with all records of one minute: a process -> the number of its record, a space,
 * the record. ARGV: the process, the number, the record, seconds to keep it.
 */
const WRITE = script(`
local known = redis.call('HGET', KEYS[1], ARGV[1])
if known and (tonumber(string.match(known, '^%d+')) or -1) >= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. ARGV[3])
return redis.call('EXPIRE', KEYS[1], ARGV[4])`)

/**
 * KEYS[1]: a hash of process states: a process -> its time, a space, the state. ARGV: the process,
 * the time (ms), the state, seconds to keep it.
 *
 * A state older than the stored one is dropped, unless it is older by more than a minute: then a
 * clock was set back. Processes that have been silent for too long are removed when a new one
 * arrives, so the hash never has more than arrived within that time. -> 1 if the process was known
 */
const TELL = script(`
local function moment (value) return tonumber(string.match(value, '^%d+')) or 0 end
local at, known = tonumber(ARGV[2]), redis.call('HGET', KEYS[1], ARGV[1])
if known then
  local ahead = moment(known) - at
  if ahead > 0 and ahead < 60000 then return 1 end
else
  local all = redis.call('HGETALL', KEYS[1])
  for i = 1, #all, 2 do
    if moment(all[i + 1]) < at - ARGV[4] * 1000 then redis.call('HDEL', KEYS[1], all[i]) end
  end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[4])
return known and 1 or 0`)

/**
 * KEYS[1]: a sorted set with the requests of a box, by the time (ms) at which they may be taken.
 * ARGV: how many, the ms for which no other instance may take them. -> the requests
 */
const TAKE = script(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local found = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1])
for _, request in ipairs(found) do redis.call('ZADD', KEYS[1], now + ARGV[2], request) end
return found`)
/** KEYS[1]: a box. ARGV: a request, the seconds for which the box is kept. */
const SEND = script(`
redis.call('ZADD', KEYS[1], 0, ARGV[1])
return redis.call('EXPIRE', KEYS[1], ARGV[2])`)
const FINISH = script("return redis.call('ZREM', KEYS[1], ARGV[1])")
/** -> 1 if the request is in the box */
const HAS = script("return redis.call('ZSCORE', KEYS[1], ARGV[1]) and 1 or 0")

/**
 * Creates a store in Redis (6.2 or later: single, Sentinel or Cluster) or Valkey, for a fleet. Data
 * is kept for a day.
 *
 * `weir:metrics:{MINUTE}` has the records of a minute, `weir:metrics:{instances}` the states of
 * processes, `weir:metrics:{requests:BOX}` the requests of a box. A write is one command for the
 * state and one for each record, each with a single key.
 * @example redisStore({ url: 'redis://127.0.0.1:6379' })
 * @throws MetricsError WEIR_METRICS_INVALID_OPTION, whose message says what to give
 */
export function redisStore ({ prefix = 'weir', ...location }: RedisStoreOptions): MetricsStore {
  const connection = openRedis(location, prefix, refuse)
  const nameOf = (part: string | number) => `${prefix}:metrics:{${part}}`
  const boxOf = (box: string) => nameOf(`requests:${box}`)
  /** Returns the values of a hash, without the number before each. */
  const valuesOf = async (part: string | number) =>
    (await connection.values(nameOf(part))).map((value) =>
      value.toString('utf8', value.indexOf(' ') + 1)
    )

  return {
    kind: 'redis',
    async write (state, records) {
      const [known] = await Promise.all([
        connection.evaluate(
          TELL,
          [nameOf('instances')],
          [state.run, state.at, JSON.stringify(state), KEPT_SECONDS]
        ),
        ...records.map((record) =>
          connection.evaluate(
            WRITE,
            [nameOf(record.minute)],
            [record.run, record.seq, JSON.stringify(record), KEPT_SECONDS]
          )
        )
      ])
      return known === 1
    },
    async read (sinceMinute) {
      const records: MinuteRecord[] = []
      const end = Math.floor(Date.now() / 60_000) + AHEAD + 1
      for (let minute = Math.max(sinceMinute, firstMinute()); minute < end; minute += AT_ONCE) {
        const minutes = Array.from(
          { length: Math.min(AT_ONCE, end - minute) },
          (_, i) => minute + i
        )
        const found = await Promise.all(minutes.map(valuesOf))
        records.push(...found.flat().flatMap((text) => parseRecord(text) ?? []))
      }
      return records
    },
    async instances () {
      return (await valuesOf('instances'))
        .flatMap((text) => parseState(text) ?? [])
        .filter(({ at }) => at >= firstMoment())
    },
    requests: {
      async send (box, request) {
        await connection.evaluate(SEND, [boxOf(box)], [request, KEPT_SECONDS])
      },
      async take (box, limit) {
        const taken = await connection.evaluate(TAKE, [boxOf(box)], [limit, TAKEN])
        return Array.isArray(taken) ? taken.map(String) : []
      },
      async finish (box, request) {
        await connection.evaluate(FINISH, [boxOf(box)], [request])
      },
      has: async (box, request) => await connection.evaluate(HAS, [boxOf(box)], [request]) === 1
    },
    close: () => connection.close()
  }
}

const refuse = (error: RedisError) =>
  new MetricsError('WEIR_METRICS_INVALID_OPTION', `redisStore: ${error.message}`)
