import { script } from '@weir/internal'
import { openRedis, type RedisError, type RedisLocation } from '@weir/redis'
import { MetricsError } from '../errors.js'
import { checkedLimits } from './limits.js'
import { packed, unpacked } from './packed.js'
import { parseRun } from './parse.js'
import { ENTRY_BYTES, type JournalLimits, type JournalStore, newSecret, SKEW } from './store.js'

export type { RedisClient, RedisLocation } from '@weir/redis'

/** Options of {@link redisJournal}: `url` or `client`, and these. */
export interface RedisJournalOptions extends RedisLocation, JournalLimits {
  /** Prefix of every key. Default `weir`. */
  readonly prefix?: string
}

/**
 * KEYS: a stream of batches, and a hash with its size in bytes, the time of the last event that was
 * dropped, and each process: the number of its last batch, a space, the process. ARGV: the process,
 * the number, the process as JSON, the first and the last time, the events or nothing, the bytes
 * the entry counts for and those of all entries, milliseconds to keep them.
 *
 * The oldest entries give way to new ones. Processes that have been silent for as long as events
 * are kept are removed when a new one arrives.
 */
const APPEND = script(`
local run, seq, now = 'run:' .. ARGV[1], tonumber(ARGV[2]), redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
local known = redis.call('HGET', KEYS[2], run)
if known and (tonumber(string.match(known, '^%d+')) or 0) >= seq then return 0 end
local kept = tonumber(ARGV[9])
if not known then
  local all = redis.call('HGETALL', KEYS[2])
  for i = 1, #all, 2 do
    local covered = tonumber(string.match(all[i + 1], '"coveredTo":(%d+)'))
    if covered and covered < now - kept then redis.call('HDEL', KEYS[2], all[i]) end
  end
end
redis.call('HSET', KEYS[2], run, ARGV[2] .. ' ' .. ARGV[3])
if ARGV[6] ~= '' then
  redis.call('XADD', KEYS[1], '*', 'r', ARGV[1], 'f', ARGV[4], 't', ARGV[5], 'n', ARGV[7], 'e', ARGV[6])
  redis.call('HINCRBY', KEYS[2], 'bytes', ARGV[7])
end
local bytes = tonumber(redis.call('HGET', KEYS[2], 'bytes') or '0')
for _ = 1, 100 do
  local oldest = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
  if not oldest then
    redis.call('HSET', KEYS[2], 'bytes', 0)
    break
  end
  local at, fields = tonumber(string.match(oldest[1], '^%d+')), oldest[2]
  if bytes <= tonumber(ARGV[8]) and at >= now - kept then break end
  redis.call('XDEL', KEYS[1], oldest[1])
  bytes = redis.call('HINCRBY', KEYS[2], 'bytes', -tonumber(fields[8]))
  local dropped = tonumber(redis.call('HGET', KEYS[2], 'dropped') or '0')
  if tonumber(fields[6]) > dropped then redis.call('HSET', KEYS[2], 'dropped', fields[6]) end
end
redis.call('PEXPIRE', KEYS[1], kept)
redis.call('PEXPIRE', KEYS[2], kept)
return 1`)

/**
 * KEYS: the stream. ARGV: the times between which events are sought, the entry to begin at, the
 * number of entries to look at, the bytes to return, about. -> the entry to go on at, or '', and of
 * each entry the process and the events
 */
const READ = script(`
local from, to, most = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[5])
local start, looked, bytes, found = ARGV[3], 0, 0, {}
while looked < tonumber(ARGV[4]) and bytes < most do
  local entries = redis.call('XRANGE', KEYS[1], start, '+', 'COUNT', 20)
  if #entries == 0 then return { '', found } end
  for _, entry in ipairs(entries) do
    local fields = entry[2]
    start, looked = '(' .. entry[1], looked + 1
    if tonumber(fields[6]) >= from and tonumber(fields[4]) <= to then
      bytes = bytes + #fields[10]
      found[#found + 1] = { fields[2], fields[10] }
      if bytes >= most then break end
    end
  end
end
return { start, found }`)

/** KEYS: the hash of a stream. -> its names and values */
const STATE = script("return redis.call('HGETALL', KEYS[1])")

/** KEYS: the hash of a stream. ARGV: a new key of hashes, milliseconds to keep it. -> the key */
const SECRET = script(`
redis.call('HSETNX', KEYS[1], 'secret', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return redis.call('HGET', KEYS[1], 'secret')`)

/** KEYS: a hash of namespaces and times. ARGV: a namespace, the time, milliseconds to keep them. */
const NAME = script(`
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return redis.call('PEXPIRE', KEYS[1], ARGV[3])`)

// Entries that one call looks at, and bytes that it returns, about: Redis is busy for as long.
const AT_ONCE = 200
const BYTES_AT_ONCE = 512 * 1024
// Milliseconds after which a process names its namespace again.
const NAME_AGAIN = 60_000

/**
 * Creates a journal in Redis (6.2 or later: single, Sentinel or Cluster) or Valkey, for a fleet.
 *
 * `weir:journal:{NAMESPACE}` is a stream of batches, `weir:journal:{NAMESPACE}:state` a hash of its
 * size and its processes. A write is one command.
 * @example redisJournal({ url: 'redis://127.0.0.1:6379', maxBytes: 64 * 1024 * 1024 })
 * @throws MetricsError WEIR_METRICS_INVALID_OPTION, whose message says what to give
 */
export function redisJournal (
  { prefix = 'weir', maxBytes, retain, ...location }: RedisJournalOptions
): JournalStore {
  const limits = checkedLimits({
    ...(maxBytes !== undefined && { maxBytes }),
    ...(retain !== undefined && { retain })
  })
  const connection = openRedis(location, prefix, refuse)
  const stream = (namespace: string) => `${prefix}:journal:{${namespace}}`
  const state = (namespace: string) => `${stream(namespace)}:state`
  const names = `${prefix}:journals`
  const named = new Map<string, number>()

  const pairsOf = async (key: string) => {
    const reply = await connection.evaluate(STATE, [key], [])
    const texts = Array.isArray(reply) ? reply.map(String) : []
    return new Map(texts.flatMap((name, i) => i % 2 === 0 ? [[name, texts[i + 1] ?? '']] : []))
  }

  return {
    kind: 'redis',
    async append (batch) {
      const { namespace, run, seq, from, to, events } = batch
      const bytes = events.length === 0 ? '' : await packed(batch)
      const now = Date.now()
      if (now - (named.get(namespace) ?? -Infinity) > NAME_AGAIN) {
        await connection.evaluate(NAME, [names], [namespace, now, limits.retain])
        named.set(namespace, now)
      }
      await connection.evaluate(APPEND, [stream(namespace), state(namespace)], [
        run.run, seq, JSON.stringify(run), from, to, bytes, bytes.length + ENTRY_BYTES,
        limits.maxBytes, limits.retain
      ])
    },
    async read (namespace, { from, to, cursor }) {
      const start = cursor ?? String(Math.max(0, Math.floor(from) - SKEW))
      const [reply, runs] = await Promise.all([
        connection.evaluate(
          READ, [stream(namespace)], [from, to, start, AT_ONCE, BYTES_AT_ONCE]),
        pairsOf(state(namespace))
      ])
      const [next, entries] = pageOf(reply)
      const batches = await Promise.all(entries.map(([run, bytes]) =>
        unpacked(run, runIn(runs.get(`run:${run}`))?.instance ?? run, bytes)))
      return { batches, cursor: next === '' ? undefined : next }
    },
    async coverage (namespace) {
      const pairs = await pairsOf(state(namespace))
      const dropped = Number(pairs.get('dropped'))
      return {
        runs: [...pairs].flatMap(([name, text]) =>
          name.startsWith('run:') ? runIn(text) ?? [] : []),
        forgottenTo: dropped > 0 ? dropped : undefined
      }
    },
    namespaces: async () => [...(await pairsOf(names)).keys()].sort(),
    secret: async (namespace) =>
      String(await connection.evaluate(SECRET, [state(namespace)], [newSecret(), limits.retain])),
    close: () => connection.close()
  }
}

const runIn = (text = '') => parseRun(text.slice(text.indexOf(' ') + 1))

const listOf = (value: unknown): readonly unknown[] => Array.isArray(value) ? value : []

function pageOf (reply: unknown): [next: string, entries: (readonly [string, Buffer])[]] {
  const [next, entries] = listOf(reply)
  return [
    Buffer.isBuffer(next) ? next.toString() : '',
    listOf(entries).flatMap((entry) => {
      const [run, bytes] = listOf(entry)
      return Buffer.isBuffer(run) && Buffer.isBuffer(bytes) ? [[run.toString(), bytes]] : []
    })
  ]
}

const refuse = (error: RedisError) =>
  new MetricsError('WEIR_METRICS_INVALID_OPTION', `redisJournal: ${error.message}`)
