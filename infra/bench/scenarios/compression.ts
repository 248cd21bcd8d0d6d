import { type Cache, createCache, type Store } from '@weir/cache'
import { redisStore } from '@weir/cache/redis'
import { connectRedis } from '../children/redis-client.js'
import { interleave } from '../rounds.js'
import type { Result, Scenario } from '../scenario.js'
import { spread } from '../statistics.js'

const ROUNDS = 7
const VALUES = 200
/** Concurrent calls. The store also listens; its share shrinks with more calls. */
const IN_FLIGHT = 20
const KIB = 1024
/** The default threshold: the smallest of these sizes from which compression pays off. */
const THRESHOLD = 128 * KIB
const SIZES = [16 * KIB, 32 * KIB, 64 * KIB, THRESHOLD, 256 * KIB, 512 * KIB]
/** Bytes per microsecond of a network of 1 Gbit/s. */
const NETWORK = 125

interface Round {
  /**
   * CPU time of filling with nothing to compute, storing and reading a value once, including zlib's
   * threads.
   */
  readonly cpuMicros: number
  /** Bytes of the frame. */
  readonly bytes: number
}

interface Side {
  readonly writer: Cache<unknown>
  readonly reader: Cache<unknown>
  readonly namespace: string
}

/**
 * A value stored by one instance and read by another through Redis: CPU time, and the transfer time
 * of its bytes both ways. With more readers, compression pays off earlier.
 */
export const compression: Scenario = {
  name: 'compression',
  about: 'storing and reading compressed JSON against plain, by CPU and a network of 1 Gbit/s',
  async run (around) {
    const client = await connectRedis(around.redis)
    around.defer(() => { client.disconnect() })
    const store = redisStore({ client })
    around.defer(() => store.close())
    const results: Result[] = []
    for (const size of SIZES) {
      const values = Array.from({ length: VALUES }, (_, i) => products(size, i + 1))
      const plain = side(store, `compression-${size}-plain`, false)
      const compressed = side(store, `compression-${size}`, true)
      for (const one of [plain, compressed]) await roundOf(store, one, values, -1)
      const times = around.repeat(ROUNDS)
      const rounds = await interleave([plain, compressed], times, async (one, round) => {
        around.say(`compression: round ${round + 1}/${times}, ${size / KIB} KiB`)
        return roundOf(store, one, values, round)
      })
      results.push(compared(size, rounds.get(compressed) ?? [], rounds.get(plain) ?? []))
    }
    return results
  }
}

/** L1 holds a single entry, so that no value is read from it. */
function side (store: Store, namespace: string, isCompressed: boolean): Side {
  const options = {
    store,
    namespace,
    l1: { maxEntries: 1 },
    ...(isCompressed && { compression: { threshold: 0 } })
  }
  return { namespace, writer: createCache<unknown>(options), reader: createCache<unknown>(options) }
}

async function roundOf (
  store: Store,
  { writer, reader, namespace }: Side,
  values: readonly unknown[],
  round: number
): Promise<Round> {
  const before = process.cpuUsage()
  for (let at = 0; at < values.length; at += IN_FLIGHT) {
    await Promise.all(
      values.slice(at, at + IN_FLIGHT).map(async (value, i) => {
        const key = `${round}:${at + i}`
        await writer.remember(key, { ttl: '1m' }, () => value)
        if ((await reader.get(key)) === undefined) {
          throw new Error('compression: a value is not there')
        }
      })
    )
  }
  const { user, system } = process.cpuUsage(before)
  const frames = await store
    .namespace(namespace)
    .entries.get(values.map((_, i) => `${round}:${i}`))
  const bytes = frames.reduce((sum, frame) => sum + (frame?.length ?? 0), 0) / values.length
  return { cpuMicros: (user + system) / values.length, bytes }
}

const costOf = ({ cpuMicros, bytes }: Round) => cpuMicros + 2 * bytes / NETWORK

function compared (size: number, compressed: readonly Round[], plain: readonly Round[]): Result {
  const rounds = compressed.map((round, i) => {
    const other = plain[i] ?? round
    return {
      cpuMicros: round.cpuMicros,
      bytes: round.bytes,
      plainCpuMicros: other.cpuMicros,
      plainBytes: other.bytes,
      ratio: costOf(other) / costOf(round)
    }
  })
  return {
    scenario: 'compression',
    what: `JSON of ${size / KIB} KiB, brotli 1`,
    a: figures(compressed),
    b: `plain ${figures(plain)}`,
    unit: 'x',
    measured: spread(rounds.map(({ ratio }) => ratio)),
    ...size >= THRESHOLD && { target: { atLeast: 1 } },
    rounds
  }
}

const figures = (rounds: readonly Round[]) =>
  `${spread(rounds.map(({ cpuMicros }) => cpuMicros)).median.toFixed(0)} µs, ${spread(rounds.map(({ bytes }) => bytes)).median.toFixed(0)} B`

const WORDS = (
  'lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore et dolore magna ' +
  'aliqua enim minim veniam quis nostrud exercitation ullamco laboris nisi aliquip commodo consequat'
).split(' ')

/**
 * A list of products as an API returns them, of about `bytes` of JSON; the same for the same seed.
 */
function products (bytes: number, seed: number): unknown[] {
  let state = seed
  const random = (below: number) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    return (state >>> 8) % below
  }
  const words = (count: number) =>
    Array.from({ length: count }, () => WORDS[random(WORDS.length)]).join(' ')
  const list: unknown[] = []
  for (let length = 0; length < bytes;) {
    const product = {
      id: random(1_000_000),
      sku: `SKU-${random(1e6).toString(36)}`,
      name: words(3),
      description: words(12),
      price: random(100_000) / 100,
      currency: 'EUR',
      tags: [words(1), words(1)],
      stock: { warehouse: `w-${random(9)}`, count: random(1000) },
      updatedAt: new Date(17e11 + random(1e6) * 1000).toISOString(),
      active: random(2) === 0
    }
    length += JSON.stringify(product).length + 1
    list.push(product)
  }
  return list
}
