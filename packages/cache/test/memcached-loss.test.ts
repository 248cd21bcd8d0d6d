import { randomUUID } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { startMemcached } from '@weir/internal/testing'
import t, { type Test } from 'tap'
import { type Cache, createCache } from '../src/index.js'
import { Behind, openMemcached } from './memcached-place.js'
import { randomFrom } from './random.js'

// Allows for a busy machine.
t.setTimeout(120_000)

const servers = (await Promise.all([startMemcached(t), startMemcached(t)])).map(
  ({ address }) => address
)
const KEYS = ['a', 'b', 'c']
const OPTIONS = { ttl: '1h' } as const
const [READERS, STEPS, INSTANCES] = [3, 120, 3]

/**
 * Instances that come and go, their cached values, and which values were acknowledged as current.
 */
class Fleet {
  readonly #caches: Cache<number>[] = []
  readonly #current = new Map(KEYS.map((key) => [key, 0]))
  readonly #acknowledged = new Map(KEYS.map((key) => [key, 0]))
  #reads = 0

  constructor (
    readonly t: Test,
    readonly prefix: string,
    readonly random: (below: number) => number
  ) {
    for (let i = 0; i < INSTANCES; i++) this.join()
  }

  get reads (): number {
    return this.#reads
  }

  /** Replaces an instance with a new one that knows nothing yet. */
  join (): void {
    const store = openMemcached(this.t, { servers, prefix: this.prefix, maxTags: 300 })
    this.#caches[this.#caches.length < INSTANCES ? this.#caches.length : this.random(INSTANCES)] =
      createCache<number>({ store, namespace: 'n' })
  }

  async read (): Promise<void> {
    const [cache, key] = this.#any()
    const acknowledged = this.#acknowledged.get(key) ?? 0
    const value =
      this.random(3) === 0
        ? ((await cache.get(key)) ?? acknowledged)
        : await cache.remember(key, { ...OPTIONS, tags: [`tag of ${key}`] }, () =>
          this.#compute(key)
        )
    this.#reads++
    if (value < acknowledged) {
      throw new Error(
        `${key} is ${value}, although ${acknowledged} was acknowledged before it was read`
      )
    }
  }

  async write (): Promise<void> {
    const [cache, key] = this.#any()
    const value = (this.#current.get(key) ?? 0) + 1
    this.#current.set(key, value)
    switch (this.random(6)) {
      case 0:
        await cache.clear()
        break
      case 1:
        await cache.delete(key)
        break
      case 2:
        if (!(await cache.set(key, value, { ...OPTIONS, tags: [`tag of ${key}`] }))) {
          await cache.delete(key)
        }
        break
      default:
        // More tags, so that the head overflows.
        await cache.invalidate([
          `tag of ${key}`,
          ...Array.from({ length: 20 }, () => `${this.random(1e9)} of no entry at all, but long`)
        ])
    }
    this.#acknowledged.set(key, Math.max(value, this.#acknowledged.get(key) ?? 0))
  }

  /** The current value, which takes a while to compute. */
  async #compute (key: string): Promise<number> {
    const value = this.#current.get(key) ?? 0
    for (let turns = this.random(20); turns > 0; turns--) await setImmediate()
    return value
  }

  #any (): [Cache<number>, string] {
    const cache = this.#caches[this.random(INSTANCES)]
    if (cache === undefined) throw new Error('no instance')
    return [cache, KEYS[this.random(KEYS.length)] ?? '']
  }
}

/** Loses an item, or makes the next loss matter. */
async function lose (behind: Behind, random: (below: number) => number): Promise<void> {
  const key = KEYS[random(KEYS.length)] ?? ''
  switch (random(10)) {
    case 0: case 1: return behind.evict('h', 'n')
    case 2: case 3: return behind.evictSegment('n')
    case 4: case 5: return behind.evict('e', 'n', key)
    case 6: return behind.evict('f', 'n', key)
    case 7: return behind.flush()
    default:
      // An instance whose clock is ahead was the last to ask; another's is behind the later stamps,
      // once the head is lost.
      return behind.change((head) => {
        const list = JSON.parse(String(head)) as [unknown, unknown, unknown, number, ...unknown[]]
        list[3] += 60_000_000 * random(60)
        return Buffer.from(JSON.stringify(list))
      }, 'h', 'n')
  }
}

for (const seed of [1, 2, 3]) {
  t.test(
    `items are lost one by one, at any moment: no value older than an acknowledged one, seed ${seed}`,
    async (t) => {
      const random = randomFrom(seed)
      const prefix = randomUUID()
      const behind = new Behind(t, servers, prefix)
      const fleet = new Fleet(t, prefix, random)
      const over = new AbortController()
      const isOn = () => !over.signal.aborted
      const writer = async () => {
        for (let i = 0; i < STEPS; i++) {
          await fleet.write()
          if (i % 10 === 9) fleet.join()
        }
        over.abort()
      }
      const reader = async () => {
        while (isOn()) {
          await fleet.read()
          await setImmediate()
        }
      }
      const loser = async () => {
        while (isOn()) {
          await lose(behind, random)
          for (let turns = random(100); turns > 0; turns--) await setImmediate()
        }
      }
      await Promise.all([writer(), loser(), ...Array.from({ length: READERS }, reader)])
      t.ok(fleet.reads > STEPS, `${fleet.reads} reads`)
    }
  )
}
