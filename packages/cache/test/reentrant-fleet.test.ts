import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startRedis } from '@weir/internal/testing'
import t, { type Test } from 'tap'
import { type Cache, createCache, type Store } from '../src/index.js'
import { redisStore } from '../src/stores/redis/index.js'
import { sqliteStore } from '../src/stores/sqlite/index.js'
import { gate, gatedFn, mustNotRun } from './gate.js'
import { hearing } from './judging.js'
import { until } from './redis-node.js'
import { outcomesOf, REFUSED } from './refusals.js'

/*
 * Fills that request each other through several instances: separate handles on one Redis, and on
 * one SQLite file.
 */
const OPTIONS = { ttl: '1h', tags: ['tag'] } as const
const CODE = 'WEIR_CACHE_REENTRANT_FILL'
const server = await startRedis(t)
const control = await server.connect()
let namespaces = 0

/** Like `mustNotRun`, for a value that becomes part of a text. */
const never = (): string => mustNotRun()

interface Place {
  readonly name: string
  readonly open: (t: Test) => Promise<() => Promise<Store>>
}

const places: Place[] = [
  {
    name: 'Redis',
    open: async () => async () => redisStore({ client: await server.connect(), lease: 1000 })
  },
  {
    name: 'SQLite',
    open: async (t) => {
      const folder = await mkdtemp(join(tmpdir(), 'weir-reentrant-'))
      // SQLite's last connection may still be deleting files.
      t.teardown(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }))
      const file = join(folder, 'cache.db')
      return async () => sqliteStore({ file })
    }
  }
]

interface Instance {
  readonly cache: Cache<string>
  readonly store: Store
  /** Another namespace of the same store. */
  readonly other: Cache<string>
}

for (const { name, open } of places) {
  const fleet = async (t: Test): Promise<[Instance, Instance, Instance]> => {
    const next = await open(t)
    const namespace = `n${++namespaces}`
    const instance = async (): Promise<Instance> => {
      const store = await next()
      t.teardown(() => store.close())
      for (const each of [namespace, `${namespace}-other`]) await hearing(store.namespace(each))
      const cache = (namespace: string) =>
        createCache<string>({ store, namespace, fillTimeout: '1h' })
      return { cache: cache(namespace), other: cache(`${namespace}-other`), store }
    }
    return [await instance(), await instance(), await instance()]
  }

  t.test(
    `${name}: two instances whose fills request each other: one is refused, and the other gets its value`,
    async (t) => {
      const [one, two] = await fleet(t)
      const asks = [gate(), gate()] as const
      const a = one.cache.remember('a', OPTIONS, async () => {
        await asks[0].opened
        return `a of ${await one.cache.remember('b', OPTIONS, never)}`
      })
      const b = two.cache.remember('b', OPTIONS, async () => {
        await asks[1].opened
        return `b without ${await two.cache.remember('a', OPTIONS, mustNotRun).catch((error: { code: string }) => error.code)}`
      })
      await bothFill(one, two)
      asks[0].open()
      await waiting(one, 2)
      asks[1].open()
      t.strictSame(await outcomesOf([a, b]), [`a of b without ${CODE}`, `b without ${CODE}`])
      t.equal(one.cache.stats().flights + two.cache.stats().flights, 0)
    }
  )

  t.test(`${name}: both request at the same moment: neither waits forever`, async (t) => {
    const [one, two] = await fleet(t)
    for (let round = 0; round < 20; round++) {
      const start = gate()
      const ask = ({ cache }: Instance, own: string, other: string) =>
        cache.remember(`${own}-${round}`, OPTIONS, async () => {
          await start.opened
          return cache
            .remember(`${other}-${round}`, OPTIONS, () => `own ${other}`)
            .catch((error: { code: string }) => error.code)
        })
      const asked = [ask(one, 'a', 'b'), ask(two, 'b', 'a')]
      await bothFill(one, two)
      start.open()
      const outcomes = await outcomesOf(asked)
      t.ok(outcomes.includes(CODE), String(outcomes))
    }
  })

  t.test(`${name}: three instances, and through another namespace`, async (t) => {
    const [one, two, three] = await fleet(t)
    const start = gate()
    const asks = [gate(), gate(), gate()]
    const link = (i: number, from: Cache<string>, key: string, to: Cache<string>, next: string) =>
      from.remember(key, OPTIONS, async () => {
        await start.opened
        await asks[i]?.opened
        return `${key}${await to.remember(next, OPTIONS, mustNotRun).catch((error: { code: string }) => `-${error.code}`)}`
      })
    const asked = [
      link(0, one.cache, 'a', one.other, 'b'),
      link(1, two.other, 'b', two.cache, 'c'),
      link(2, three.cache, 'c', three.cache, 'a')
    ]
    await until('all fill', async () =>
      [one.cache, two.other, three.cache].every((cache) => cache.stats().flights === 1)
    )
    await Promise.all([one, two, three].map(settled))
    start.open()
    asks[0]?.open()
    await until('a waits', async () => one.other.stats().flights === 1)
    asks[1]?.open()
    await until('b waits', async () => two.cache.stats().flights === 1)
    asks[2]?.open()
    const outcomes = await outcomesOf(asked)
    t.equal(
      String(outcomes).split(CODE).length - 1,
      3,
      'one is refused, which all three values tell'
    )
    t.strictSame(outcomes, [`abc-${CODE}`, `bc-${CODE}`, `c-${CODE}`])
  })

  t.test(
    `${name}: a fill that joins one waiting for another instance is part of the chain`,
    async (t) => {
      const [one, two] = await fleet(t)
      const asks = [gate(), gate()] as const
      const slow = gatedFn<string>()
      const b = two.cache.remember('b', OPTIONS, async () => {
        slow.fn().catch(() => {})
        await asks[1].opened
        return two.cache
          .remember('a', OPTIONS, () => 'own a')
          .catch((error: { code: string }) => error.code)
      })
      const a = one.cache.remember('a', OPTIONS, async () => {
        await asks[0].opened
        return one.cache.remember('b', OPTIONS, mustNotRun)
      })
      await bothFill(one, two)
      // A caller outside of any fill waits for b, and the fill of a joins it.
      const plain = one.cache.remember('b', OPTIONS, mustNotRun)
      await waiting(one, 2)
      asks[0].open()
      await announced(one)
      asks[1].open()
      t.strictSame(await outcomesOf([a, b, plain]), [CODE, CODE, CODE])
    }
  )

  t.test(
    `${name}: the joiner that closes the cycle is refused; the caller it joined gets its value`,
    async (t) => {
      const [one, two] = await fleet(t)
      const asks = [gate(), gate()] as const
      const a = one.cache.remember('a', OPTIONS, async () => {
        await asks[0].opened
        return one.cache
          .remember('b', OPTIONS, mustNotRun)
          .catch((error: { code: string }) => error.code)
      })
      const b = two.cache.remember('b', OPTIONS, async () => {
        await asks[1].opened
        return `b of ${await two.cache.remember('a', OPTIONS, never)}`
      })
      await bothFill(one, two)
      const plain = one.cache.remember('b', OPTIONS, mustNotRun)
      await waiting(one, 2)
      asks[1].open()
      await waiting(two, 2)
      await announced(two)
      asks[0].open()
      t.strictSame(await outcomesOf([a, b, plain]), [CODE, `b of ${CODE}`, `b of ${CODE}`])
    }
  )

  t.test(`${name}: a wait without a cycle is not refused`, async (t) => {
    const [one, two, three] = await fleet(t)
    const slow = gatedFn<string>()
    const c = three.cache.remember('c', OPTIONS, slow.fn)
    await slow.started
    const b = two.cache.remember(
      'b',
      OPTIONS,
      async () => `b${await two.cache.remember('c', OPTIONS, never)}`
    )
    await waiting(two, 2)
    await announced(two)
    const a = one.cache.remember('a', OPTIONS, async () =>
      (
        await Promise.all(['b', 'c'].map((key) => one.cache.remember(key, OPTIONS, mustNotRun)))
      ).join()
    )
    await waiting(one, 3)
    await announced(one)
    slow.end('c')
    t.strictSame(await outcomesOf([a, b, c]), ['bc,c', 'bc', 'c'])
  })

  t.test(`${name}: two handles on it in one process`, async (t) => {
    const [one, two] = await fleet(t)
    const a = one.cache.remember('a', OPTIONS, () => two.cache.remember('a', OPTIONS, mustNotRun))
    await t.rejects(a, REFUSED('a'))
  })
}

t.test('Redis: a fill\'s waits are stored with its lease while it waits', async (t) => {
  const stores = await Promise.all(
    [1, 2].map(async () => redisStore({ client: await server.connect(), lease: 1000 }))
  )
  t.teardown(() => Promise.all(stores.map((store) => store.close())))
  const [one, two] = stores.map((store) => createCache<string>({ store, namespace: 'beside' }))
  if (one === undefined || two === undefined) throw new Error('there are two')
  for (const store of stores) await hearing(store.namespace('beside'))
  const [slow, after] = [gatedFn<string>(), gatedFn<string>()]
  const b = two.remember('b', OPTIONS, slow.fn)
  await slow.started
  const a = one.remember('a', OPTIONS, async () => {
    await one.remember('b', OPTIONS, mustNotRun)
    return after.fn()
  })
  const lease = () => control.get('weir:beside:{=a}:fill')
  await until('it says so', async () => (await lease())?.includes('{=b}') === true)
  t.ok(await control.pttl('weir:beside:{=a}:fill') > 0, 'it ends with the lease')
  slow.end('b')
  await after.started
  await until('it says no more', async () => (await lease())?.includes('{=b}') === false)
  after.end('a')
  t.strictSame(await outcomesOf([a, b]), ['a', 'b'])
})

/** Waits until both instances have the lease of a fill. */
async function bothFill (one: Instance, two: Instance): Promise<void> {
  await until('both fill', async () =>
    [one, two].every(({ cache }) => cache.stats().flights === 1 && cache.stats().misses > 0)
  )
  await Promise.all([one, two].map(settled))
}

/** Resolves when earlier requests of the instance have been answered. */
async function settled ({ cache }: Instance): Promise<void> {
  for (let i = 0; i < 3; i++) await cache.has('something else')
}

/**
 * Waits until the instance fills or waits for this many keys, and knows which of them another
 * instance has.
 */
async function waiting (instance: Instance, flights: number): Promise<void> {
  await until('it waits', async () => instance.cache.stats().flights === flights)
  await settled(instance)
}

/** Resolves when the instance's waits have been announced in the store, and followed. */
const announced = async (instance: Instance) => {
  for (let i = 0; i < 3; i++) await settled(instance)
}
