import { randomUUID } from 'node:crypto'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import { startMemcached } from '@weir/internal/testing'
import t, { type Test } from 'tap'
import { type Cache, createCache, type Store } from '../src/index.js'
import type { createClient } from '../src/stores/memcached/driver.js'
import { memcachedStore } from '../src/stores/memcached/index.js'
import { MemcachedServer } from '../src/stores/memcached/server.js'
import { Servers } from '../src/stores/memcached/servers.js'
import { stopDate } from './clock.js'
import { record } from './events.js'
import { frameOf } from './frames.js'
import { gatedFn } from './gate.js'
import { Behind, memcachedPlace, openMemcached } from './memcached-place.js'
import { until } from './redis-node.js'
import { storeContract } from './store-contract.js'
import { missing } from './swaps-contract.js'

// The contract takes long on a busy machine.
t.setTimeout(300_000)

const servers = await Promise.all([startMemcached(t), startMemcached(t), startMemcached(t)])

for (const count of [1, 3]) {
  storeContract(
    t,
    `memcached, ${count === 1 ? 'one server' : `${count} servers`}`,
    { shared: true, persistent: true, lists: false },
    (t) => memcachedPlace(t, servers.slice(0, count))
  )
}

t.test('keys cannot be listed, and the error says where they can', async (t) => {
  const store = openMemcached(t, { servers: servers.map(({ address }) => address) })
  await t.rejects(createCache({ store, namespace: 'n' }).keys(), {
    code: 'WEIR_CACHE_CANNOT_LIST',
    message: /"?'?n'?"? cannot list its keys.*Memcached cannot/
  })
})

const addresses = servers.map(({ address }) => address)
const TTL = 60_000
const OPTIONS = { ttl: '1h', tags: ['tag'] } as const

/** Two instances with this lease, and another client's view of the servers. */
function two (t: Test, lease: number, maxTags = 10_000) {
  const prefix = randomUUID()
  const open = () => openMemcached(t, { servers: addresses, prefix, lease, maxTags })
  const [a, b] = [open(), open()]
  const cacheOf = (store: Store) => createCache<string>({ store, namespace: 'n' })
  return {
    behind: new Behind(t, addresses, prefix),
    open,
    cacheOf,
    a: cacheOf(a),
    b: cacheOf(b),
    stores: [a, b] as const
  }
}
const manyTags = (count: number, of = '') =>
  Array.from({ length: count }, (_, i) => `another tag ${of} ${i}`)

/** Makes more changes than fit in a head. */
async function overflow (cache: Cache<string>, of = ''): Promise<void> {
  await Promise.all(
    manyTags(300, of).map((tag) => cache.invalidate([tag], { consistency: 'bounded' }))
  )
  // The next change moves the excess to a segment.
  await cache.invalidate(['one more'])
}

t.test(
  'an entry from before its head was lost does not exist, also for an instance that knows nothing',
  async (t) => {
    const { behind, open, cacheOf, a } = two(t, 5)
    await a.set('key', 'old', OPTIONS)
    await behind.change(aheadBy(3_600_000_000), 'h', 'n')
    await a.set('key', 'old', OPTIONS)
    await behind.evict('h', 'n')
    const later = cacheOf(open())
    t.equal(await later.get('key'), undefined)
    t.ok(await later.set('key', 'new', OPTIONS))
    t.equal(await later.get('key'), 'new')
    t.equal(
      await a.get('key'),
      undefined,
      'an instance that knows later stamps invalidates entries stored below them'
    )
    t.ok(await a.set('key', 'newer', OPTIONS))
    t.equal(await later.get('key'), 'newer')
  }
)

t.test('a head that is invalid, or has unreadable changes, counts as lost', async (t) => {
  const { behind, a, b, stores } = two(t, 5)
  for (const damage of [
    '',
    'x',
    '[]',
    '{}',
    '[1,"epoch",1,2,3]',
    '[2,"epoch",1,2,3,4,[]]',
    '[1,"epoch",1,2,3,4,[[5]]]',
    '[1,"epoch",1,2,-3,4,[]]'
  ]) {
    await a.set('key', 'old', OPTIONS)
    t.equal(await b.get('key'), 'old')
    await behind.change(() => Buffer.from(damage), 'h', 'n')
    await stores[0].namespace('n').validity.waitForLeases()
    t.equal(await b.get('key'), undefined, damage)
    t.ok(await b.set('key', 'new', OPTIONS))
    t.equal(await a.get('key'), 'new')
  }
})

t.test(
  'an instance that is behind the head finds invalidations in the segments',
  async (t) => {
    for (const count of [1, 1000]) {
      const { behind, open, cacheOf, a, b } = two(t, 1)
      await a.set('key', 'value', OPTIONS)
      await a.set('other', 'value', { ttl: '1h', tags: ['x'.repeat(1000)] })
      t.strictSame(await b.getMany(['key', 'other']), ['value', 'value'])
      await a.invalidate(['tag'])
      if (count === 1) for (let i = 0; i < 5; i++) await overflow(a, `${i}`)
      else await a.invalidate(manyTags(2500))
      await a.invalidate(['one more'])
      const head = await behind.read('h', 'n')
      t.ok(
        head !== undefined && head.length < 16_384 && !head.includes('"tag"'),
        `${head?.length} bytes`
      )
      for (const cache of [b, cacheOf(open())]) {
        t.strictSame(await cache.getMany(['key', 'other']), [undefined, 'value'])
        t.equal(cache.stats().errors, 0)
      }
      await a.invalidate(['x'.repeat(1000)])
      t.equal(await b.get('other'), undefined, 'a long name')
    }
  }
)

t.test(
  'without one of the segments everything up to its end is invalid, for instances that are behind',
  async (t) => {
    const { behind, a, b } = two(t, 1)
    await a.set('key', 'value', OPTIONS)
    await a.set('other', 'value', { ttl: '1h' })
    t.strictSame(await b.getMany(['key', 'other']), ['value', 'value'])
    await a.invalidate(['tag'])
    await overflow(a)
    await behind.evictSegment('n')
    t.strictSame(await b.getMany(['key', 'other']), [undefined, undefined])
    t.equal(await a.get('other'), 'value', 'other instances are not affected')
    t.ok(await b.set('key', 'new', OPTIONS))
    t.equal(await a.get('key'), 'new')
  }
)

t.test('segments beyond maxTags are not read', async (t) => {
  const { open, cacheOf, a } = two(t, 1, 500)
  await a.set('early', 'value', { ttl: '1h' })
  for (let i = 0; i < 10; i++) await overflow(a, `${i}`)
  await a.set('late', 'value', { ttl: '1h' })
  t.strictSame(await cacheOf(open()).getMany(['early', 'late']), [undefined, 'value'])
})

t.test('flush_all causes misses, then normal operation', async (t) => {
  const { behind, a, b, stores } = two(t, 5)
  await a.set('key', 'value', OPTIONS)
  t.equal(await b.get('key'), 'value')
  await behind.flush()
  await stores[0].namespace('n').validity.waitForLeases()
  t.strictSame([await a.get('key'), await b.get('key')], [undefined, undefined], 'in memory, too')
  t.ok(await a.set('key', 'new', OPTIONS))
  t.equal(await b.get('key'), 'new')
})

t.test(
  'a set by an idle instance: earlier invalidations of others count as earlier, by their clocks',
  async (t) => {
    const date = stopDate(t)
    const { a, b } = two(t, 5)
    for (const end of [() => a.invalidate(['tag']), () => a.delete('key'), () => a.clear()]) {
      await b.set('key', 'value', OPTIONS)
      await end()
      date.advance(10)
      t.equal(await b.set('key', 'new', OPTIONS), true)
      await end()
      date.advance(4)
      t.equal(
        await b.set('key', 'new', OPTIONS),
        false,
        'no strict one was acknowledged so soon after it was made'
      )
      t.equal(await b.set('key', 'new', OPTIONS), true, 'now it knows')
      t.equal(await a.get('key'), 'new')
    }
  }
)

t.test(
  'memory is trusted for one lease: bounded writes may be stale that long, strict ones are not',
  async (t) => {
    const { a, b } = two(t, 1000)
    await a.set('key', 'old', { ...OPTIONS, consistency: 'bounded' })
    t.equal(await b.get('key'), 'old')
    const invalidating = a.invalidate(['tag'])
    await a.invalidate(['tag'], { consistency: 'bounded' })
    t.equal(await b.get('key'), 'old', 'the store has it')
    await invalidating
    t.equal(await b.get('key'), undefined)
  }
)

t.test('one request per lease serves any number of reads', async (t) => {
  const { a, stores: [, store] } = two(t, 60_000)
  const b = createCache<string>({ store, namespace: 'n' })
  await a.setMany(
    Array.from({ length: 100 }, (_, i) => [`key-${i}`, 'value'] as const),
    { ...OPTIONS, consistency: 'bounded' }
  )
  const keys = Array.from({ length: 100 }, (_, i) => `key-${i}`)
  await b.getMany(keys)
  for (const key of keys) {
    t.equal(
      store.namespace('n').validity.isValid({ key, stamp: Number.MAX_SAFE_INTEGER, tags: [] }),
      true
    )
  }
})

t.test(
  'an evicted fill lease ends, and waiters ask again: a second fill may run',
  async (t) => {
    const { behind, a, b } = two(t, 5)
    const first = gatedFn<string>()
    const slow = a.remember('key', OPTIONS, first.fn)
    await first.started
    const waiting = b.remember('key', OPTIONS, () => 'second')
    await behind.evict('f', 'n', 'key')
    t.equal(await waiting, 'second')
    first.end('first')
    t.equal(await slow, 'first')
  }
)

t.test('instances with different server lists miss each other\'s invalidations', async (t) => {
  const prefix = randomUUID()
  // A namespace whose head is on another server once there are three.
  const { servers: few, names } = {
    servers: addresses.slice(0, 1),
    names: Array.from({ length: 50 }, (_, i) => `n${i}`)
  }
  const three = new Servers(addresses, 1000)
  const namespace = names.find((name) => three.locate(name).server.address !== few[0]) ?? missing()
  const key =
    names.find((name) => three.locate(namespace, name).server.address === few[0]) ?? missing()
  const cacheOf = (servers: readonly string[]) =>
    createCache<string>({ store: openMemcached(t, { servers, prefix }), namespace })
  const [a, b] = [cacheOf(few), cacheOf(addresses)]
  await a.set(key, 'old', OPTIONS)
  await b.invalidate(['tag'])
  t.equal(await a.get(key), 'old')
  three.close()
})

t.test('a frame that is too large is not stored, and an event has the reason', async (t) => {
  const small = await startMemcached(t, ['-I', '1m'])
  const errors = record(t, 'weir:cache:error')
  const cacheOf = () =>
    createCache<Buffer>({ store: openMemcached(t, { servers: [small.address] }), namespace: 'n' })
  const [cache, other] = [cacheOf(), cacheOf()]
  t.ok(await cache.set('key', Buffer.from('old'), OPTIONS))
  t.equal(String(await other.get('key')), 'old')
  const large = Buffer.alloc(2 * 1024 * 1024)
  const refused = {
    code: 'WEIR_CACHE_STORE_FAILED',
    message:
      /too large for Memcached 127.0.0.1:\d+: store less under a key, or start it with a larger -I/
  }
  t.equal((await cache.remember('large', OPTIONS, () => large)).length, large.length)
  t.match(errors, [{ namespace: 'n', key: 'large', operation: 'write', error: refused }])
  await t.rejects(cache.set('key', large, OPTIONS), { code: 'WEIR_CACHE_STORE_FAILED' })
  t.equal(await other.get('large'), undefined)
  t.equal(await other.get('key'), undefined, 'what was before is over')
})

t.test('prefixes are separate', async (t) => {
  const [a, b] = ['a', 'b'].map((prefix) =>
    createCache<string>({
      store: openMemcached(t, { servers: addresses, prefix }),
      namespace: 'n'
    })
  )
  await a?.set('key', 'value', OPTIONS)
  t.equal(await b?.get('key'), undefined)
  await b?.clear()
  t.equal(await a?.get('key'), 'value')
})

t.test('keys are spread over servers, and an added server takes over only its own', (t) => {
  const [few, more] = [4, 5].map(
    (count) =>
      new Servers(Array.from({ length: count }, (_, i) => `host-${i}:11211`).reverse(), 1000)
  )
  const counts = new Map<string, number>()
  let moved = 0
  for (let i = 0; i < 5000; i++) {
    const [before = '', after = ''] = [few, more].map(
      (servers) => servers?.locate('n', `key-${i}`).server.address
    )
    counts.set(after, (counts.get(after) ?? 0) + 1)
    if (before === after) continue
    moved++
    if (after !== 'host-4:11211') t.fail(`from ${before} to ${after}`)
  }
  for (const count of counts.values()) t.ok(Math.abs(count - 1000) < 150, `${count} keys`)
  t.ok(Math.abs(moved - 1000) < 150, `${moved} keys have moved`)
  for (const servers of [few, more]) servers?.close()
  t.end()
})

t.test('a burst of thousands of calls is not an outage', async (t) => {
  const errors = record(t, 'weir:cache:error')
  const keys = Array.from({ length: 5000 }, (_, i) => `key-${i}`)
  for (const namespace of ['remembered', 'set']) {
    const store = memcachedStore({ servers: addresses.slice(0, 1), prefix: randomUUID() })
    t.teardown(() => store.close())
    const cache = createCache<string>({ store, namespace })
    if (namespace === 'set') {
      t.ok(
        (
          await cache.setMany(
            keys.map((key) => [key, key] as const),
            OPTIONS
          )
        ).every(Boolean)
      )
    } else await Promise.all(keys.map((key) => cache.remember(key, OPTIONS, () => key)))
    await cache.idle()
    const kept = await createCache<string>({ store, namespace, l1: false }).getMany(keys)
    t.equal(kept.filter((value, i) => value === keys[i]).length, keys.length, namespace)
  }
  t.equal(errors.length, 0, String(errors[0]?.error))
})

t.test('invalid options are errors that say what to use', (t) => {
  const untyped = (value: unknown) => value as never
  const refused: [object, RegExp][] = [
    [{ servers: [] }, /servers \[\]: use a list of all servers such as \['host:11211'\]/],
    [{ servers: untyped('host:11211') }, /servers 'host:11211': use a list/],
    [{ servers: ['::1'] }, /server '::1' is not host:port/],
    [{ servers: ['memcached://host'] }, /'memcached:\/\/host' is not host:port/],
    [{ servers: ['host:0'] }, /'host:0' is not host:port/],
    [
      { servers: ['host:65536'] },
      /'host:65536' is not host:port: .* a port from 1 to 65535 unless it is 11211/
    ],
    [{ servers: ['host:011'] }, /'host:011' is not host:port/],
    [{ servers: ['a b'] }, /'a b' is not host:port/],
    [{ servers: [untyped(1)] }, /server 1 is not host:port/],
    [{ servers: ['host', 'HOST:11211'] }, /'host:11211' is listed twice/],
    [{ servers: ['host'], prefix: 'a b' }, /prefix 'a b': use 1 to 100/],
    [{ servers: ['host'], prefix: '' }, /prefix '': use 1 to 100/],
    [
      { servers: ['host'], commandTimeout: 0 },
      /commandTimeout 0 is not a whole number of ms from 1 to 60000/
    ],
    [{ servers: ['host'], lease: '2h' }, /lease '2h': use at most '1h'/]
  ]
  for (const [options, message] of refused) {
    t.throws(
      () => memcachedStore(untyped(options)),
      { code: 'WEIR_CACHE_INVALID_OPTION', message },
      inspect(options)
    )
  }
  t.throws(() => memcachedStore({ servers: ['host'], lease: untyped('soon') }), {
    code: 'WEIR_CACHE_INVALID_DURATION'
  })
  t.end()
})

t.test('without memcache-client the error says what to install', async (t) => {
  // A folder in which Node finds only the packages that the store always needs.
  const folder = await mkdtemp(join(tmpdir(), 'weir-memcached-'))
  t.teardown(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'package.json'), '{"type":"module"}')
  await cp(new URL('../src', import.meta.url), join(folder, 'src'), { recursive: true })
  await mkdir(join(folder, 'node_modules', '@weir'), { recursive: true })
  const internal = fileURLToPath(new URL('../..', import.meta.resolve('@weir/internal')))
  await symlink(internal, join(folder, 'node_modules', '@weir', 'internal'))
  const driver = pathToFileURL(join(folder, 'src', 'stores', 'memcached', 'driver.js')).href
  const alone = await import(driver) as { createClient: typeof createClient }
  t.throws(() => alone.createClient('host:11211', 100), {
    name: 'CacheError',
    code: 'WEIR_CACHE_MISSING_DRIVER',
    message: /Cannot find module 'memcache-client'.*npm install memcache-client/
  })
})

t.test(
  'a version belongs to its connection: a restarted server reuses version numbers',
  async (t) => {
    const memcached = await startMemcached(t)
    const server = new MemcachedServer(memcached.address, 60_000)
    t.teardown(() => {
      server.close()
    })
    await server.put('name', Buffer.from('before'), 0, undefined)
    const before = (await server.read('name')) ?? missing()
    await memcached.restart()
    await until('it is connected again', async () =>
      server.put('name', Buffer.from('another'), 0, undefined).catch(() => false)
    )
    t.equal((await server.read('name'))?.version.unique, before.version.unique)
    t.equal(await server.put('name', Buffer.from('after'), 0, before), false)
    t.equal((await server.read('name'))?.value.toString(), 'another')
  }
)

t.test('a memcached without versions is rejected', async (t) => {
  const memcached = await startMemcached(t, ['-C'])
  const { entries } = openMemcached(t, { servers: [memcached.address] }).namespace('n')
  await entries.set('key', frameOf(1, ''), TTL)
  await t.rejects(entries.get(['key']), {
    message: /Memcached was started with -C, start it without/
  })
})

/** A head whose clock is ahead by this many microseconds. */
const aheadBy = (by: number) => (head: Buffer): Buffer => {
  const list = JSON.parse(String(head)) as [unknown, unknown, unknown, number, ...unknown[]]
  list[3] += by
  return Buffer.from(JSON.stringify(list))
}
