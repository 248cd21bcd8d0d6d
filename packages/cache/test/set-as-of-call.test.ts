import { randomUUID } from 'node:crypto'
import { startRedis } from '@weir/internal/testing'
import type { IoredisClient } from '@weir/redis'
import type { Redis } from 'ioredis'
import t from 'tap'
import { type Cache, createCache } from '../src/index.js'
import { CLOCK } from '../src/stores/redis/scripts.js'
import { gate, type Gate } from './gate.js'
import { hearing } from './judging.js'
import { passingClient } from './passing-client.js'
import { openStore } from './redis-place.js'

const OPTIONS = { ttl: '1h', tags: ['tag'], consistency: 'bounded' } as const
const AHEAD = Date.UTC(2100, 0, 1) * 1000

const server = await startRedis(t)

/**
 * A client whose scripts wait for a gate on request: before they are sent, or before their answer
 * is delivered.
 */
function gatedClient (client: Redis, listens: boolean) {
  let held:
    | {
      readonly reached: Gate
      readonly opened: Promise<void>
      readonly isSent: boolean
      left: number
    }
    | undefined
  const passing = passingClient(client)
  const through = async (send: () => Promise<unknown>) => {
    const at = held !== undefined && held.left-- === 0 ? held : undefined
    if (at === undefined) return send()
    held = undefined
    const reply = at.isSent ? await send() : undefined
    at.reached.open()
    await at.opened
    return at.isSent ? reply : send()
  }
  const gated: IoredisClient = {
    ...passing,
    evalshaBuffer: (...args) => through(() => passing.evalshaBuffer(...args)),
    ...(listens && {
      duplicate: (options: Parameters<Redis['duplicate']>[0]) => client.duplicate(options)
    })
  }
  return {
    client: gated,
    /** Holds the script after the next `left` ones. */
    hold (left: number, isSent: boolean) {
      const [reached, opened] = [gate(), gate()]
      held = { reached, opened: opened.opened, isSent, left }
      return { reached: reached.opened, open: opened.open }
    }
  }
}

/** Every way to end the value under 'key' permanently. */
const writes: Record<string, (cache: Cache<string>) => Promise<void>> = {
  'invalidate()': (cache) => cache.invalidate(['other', 'tag']),
  'delete()': (cache) => cache.delete('key'),
  'clear()': (cache) => cache.clear()
}

for (const listens of [true, false]) {
  // The scripts of a set: one that issues a stamp, unless received messages suffice; then the one
  // that replaces.
  const delays = [
    { name: 'its first script', left: 0, isSent: false },
    ...(listens
      ? []
      : [
          { name: 'the answer with its stamp', left: 0, isSent: true },
          { name: 'its second script', left: 1, isSent: false }
        ])
  ]
  for (const { name, left, isSent } of delays) {
    t.test(`a set and a delay of ${name}, ${listens ? 'hearing' : 'asking'}`, async (t) => {
      for (const [kind, write] of Object.entries(writes)) {
        for (const isAhead of [false, true]) {
          await t.test(
            `${kind}${isAhead ? ', and the clock of Redis was set back' : ''}`,
            async (t) => {
              const prefix = randomUUID()
              const control = await server.connect()
              const gated = gatedClient(control, listens)
              const store = openStore(t, {
                client: gated.client,
                prefix,
                lease: listens ? 60_000 : 10
              })
              const slow = createCache<string>({ store, namespace: 'n' })
              const other = createCache<string>({
                store: openStore(t, { client: await server.connect(), prefix }),
                namespace: 'n'
              })
              await other.set('key', 'before', OPTIONS)
              if (isAhead) await control.zadd(`${prefix}:{n}:tags`, AHEAD, CLOCK)
              if (listens) await hearing(store.namespace('n'))

              const { reached, open } = gated.hold(left, isSent)
              const setting = slow.set('key', 'old', OPTIONS)
              await reached
              await write(other)
              open()
              t.equal(await setting, false, 'it says so')
              for (const cache of [slow, other]) {
                t.equal(cache.lookup('key'), undefined)
                t.equal(await cache.get('key'), undefined)
              }
              // An instance that has to ask cannot tell from the time which stamps such a clock has
              // issued since.
              if (isAhead && !listens) return
              t.equal(await slow.set('key', 'new', OPTIONS), true)
              t.equal(await other.get('key'), 'new')
            }
          )
        }
      }
    })
  }

  t.test(
    `the first sets of a namespace all stay, ${listens ? 'hearing' : 'asking'}`,
    async (t) => {
      const client = await server.connect()
      const [prefix, keys] = [randomUUID(), Array.from({ length: 50 }, (_, i) => `${i}`)]
      // None of them waits until it receives messages.
      const caches = [1, 2].map(() => {
        const store = openStore(t, { client: listens ? client : passingClient(client), prefix })
        return createCache<string>({ store, namespace: 'n' })
      })
      const stored = await Promise.all(
        keys.map(async (key, i) => caches[i % 2]?.set(key, key, OPTIONS))
      )
      t.strictSame(
        stored,
        keys.map(() => true)
      )
      t.strictSame(await caches[0]?.getMany(keys), keys)
    }
  )

  t.test(
    `of concurrent sets the last one called wins, ${listens ? 'hearing' : 'asking'}`,
    async (t) => {
      const client = await server.connect()
      const prefix = randomUUID()
      const store = openStore(t, { client: listens ? client : passingClient(client), prefix })
      const cache = createCache<string>({ store, namespace: 'n' })
      const reader = createCache<string>({
        store: openStore(t, { client, prefix }),
        namespace: 'n',
        l1: false
      })
      if (listens) await hearing(store.namespace('n'))
      // Loads the scripts: one that has to be sent again may be overtaken by that of a later set.
      await cache.set('another', '', OPTIONS)
      for (let round = 0; round < 20; round++) {
        const keys = ['a', 'b']
        await Promise.all(
          Array.from({ length: 20 }, (_, i) =>
            Promise.all(keys.map((key) => cache.set(key, `${round} ${i}`, OPTIONS)))
          )
        )
        for (const key of keys) {
          if (
            (await cache.get(key)) !== `${round} 19` ||
            (await reader.get(key)) !== `${round} 19`
          ) { t.fail(`round ${round}: ${await reader.get(key)}`) }
        }
      }
    }
  )
}
