import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { startMemcached } from '@weir/internal/testing'
import t, { type Test } from 'tap'
import { createCache } from '../src/index.js'
import { memcachedStore } from '../src/stores/memcached/index.js'
import { Servers } from '../src/stores/memcached/servers.js'
import { record } from './events.js'
import { until } from './redis-node.js'

// Milliseconds.
const COMMAND_TIMEOUT = 300
const OPTIONS = { ttl: '1h', tags: ['tag'] } as const

async function open (t: Test, count: number) {
  const servers = await Promise.all(Array.from({ length: count }, () => startMemcached(t)))
  const addresses = servers.map(({ address }) => address)
  const make = () => {
    const store = memcachedStore({ servers: addresses, commandTimeout: COMMAND_TIMEOUT })
    t.teardown(() => store.close())
    return store
  }
  return { servers, addresses, make }
}

t.test(
  'a frozen server costs the requests in progress one timeout, and later ones nothing',
  async (t) => {
    const {
      servers: [server],
      make
    } = await open(t, 1)
    const cache = createCache<string>({ store: make(), namespace: 'n' })
    await cache.set('key', 'value', OPTIONS)
    const timeouts = record(t, 'weir:cache:error')
    server?.freeze()
    // A signal takes effect some time after it is sent.
    await setTimeout(50)
    const during = Array.from({ length: 20 }, (_, i) =>
      cache.remember(`key-${i}`, OPTIONS, () => 'computed')
    )
    t.strictSame(await Promise.all(during), Array(20).fill('computed'))
    t.ok(
      timeouts.some(({ error }) => /no answer to gets within 300 ms/.test(String(error))),
      'one timeout'
    )
    for (let i = 0; i < 5; i++) {
      const errors = record(t, 'weir:cache:error')
      t.equal(await cache.remember(`later-${i}`, OPTIONS, () => 'computed'), 'computed')
      t.match(errors.at(-1)?.error, {
        message: /Memcached 127.0.0.1:\d+ has not answered, and gets no requests for a moment/
      })
    }
    await t.rejects(cache.invalidate(['tag']), { code: 'WEIR_CACHE_STORE_FAILED' })
    server?.thaw()
    await until('it is in use again', async () => (await cache.get('key')) === 'value')
    await cache.invalidate(['tag'])
    t.equal(await cache.get('key'), undefined)
  }
)

t.test(
  'a frozen server: waiting commands of a burst are rejected with those in flight, and by close()',
  async (t) => {
    const {
      servers: [server],
      addresses
    } = await open(t, 1)
    // Clearly shorter than two timeouts on a busy machine.
    const timeout = 2000
    const store = memcachedStore({ servers: addresses, commandTimeout: timeout })
    t.teardown(() => store.close())
    const { entries, validity } = store.namespace('n')
    await validity.stamp()
    const burst = () =>
      Promise.allSettled(Array.from({ length: 500 }, (_, i) => entries.delete(`key-${i}`)))
    for (const [end, most] of [
      [async () => {}, 1.75 * timeout],
      [() => store.close(), timeout / 2]
    ] as const) {
      server?.freeze()
      // A signal takes effect some time after it is sent.
      await setTimeout(50)
      const begun = performance.now()
      const results = burst()
      // Waits until they are requested.
      await setTimeout(0)
      await setTimeout(0)
      await end()
      t.ok((await results).every(({ status }) => status === 'rejected'))
      const took = performance.now() - begun
      t.ok(took < most, `${took.toFixed()} ms`)
      server?.thaw()
      if (most > timeout) {
        await until('it is in use again', () =>
          validity.stamp().then(
            () => true,
            () => false
          )
        )
      }
    }
  }
)

t.test('a server is killed and returns empty: misses, then normal operation', async (t) => {
  const { servers: [server], make } = await open(t, 1)
  const [a, b] = [make(), make()].map((store) => createCache<string>({ store, namespace: 'n' }))
  if (a === undefined || b === undefined) return
  await a.set('key', 'value', OPTIONS)
  t.equal(await b.get('key'), 'value')
  await server?.kill()
  // Waits until no lease is left.
  await setTimeout(10)
  for (const cache of [a, b]) {
    t.equal(await cache.get('key'), undefined, 'its validity is unknown')
    t.equal(await cache.remember('key', OPTIONS, () => 'computed'), 'computed')
    t.equal(await cache.get('key'), undefined, 'and it is not kept')
    await t.rejects(cache.invalidate(['tag']), {
      code: 'WEIR_CACHE_STORE_FAILED',
      message: /The store did not/
    })
  }
  await server?.restart()
  await until(
    'it is in use again',
    async () => await a.set('key', 'new', OPTIONS).catch(() => false)
  )
  await until('by the other, too', async () => await b.get('key') === 'new')
  await b.invalidate(['tag'])
  t.equal(await a.get('key'), undefined)
})

t.test('of several servers, one that is down takes only its own keys with it', async (t) => {
  const { servers, addresses, make } = await open(t, 3)
  const cache = createCache<string>({ store: make(), namespace: 'n', l1: false })
  const all = new Servers(addresses, COMMAND_TIMEOUT)
  const head = all.locate('n').server.address
  const gone = addresses.find((address) => address !== head) ?? ''
  const keys = Array.from({ length: 30 }, (_, i) => `key-${i}`)
  const isGone = (key: string) => all.locate('n', key).server.address === gone
  await cache.setMany(keys.map((key) => [key, 'value'] as const), OPTIONS)
  t.ok(keys.some(isGone))
  await servers.find(({ address }) => address === gone)?.kill()
  const read = () => Promise.all(keys.map((key) => cache.get(key)))
  t.strictSame(await read(), keys.map((key) => isGone(key) ? undefined : 'value'))
  await cache.invalidate(['tag'])
  t.strictSame(await read(), keys.map(() => undefined))
  const values = await Promise.all(keys.map((key) => cache.remember(key, OPTIONS, () => 'new')))
  t.strictSame(values, keys.map(() => 'new'))
  t.strictSame(await read(), keys.map((key) => isGone(key) ? undefined : 'new'))

  t.test('with the records of a namespace the namespace is out, and no other', async (t) => {
    const names = Array.from({ length: 50 }, (_, i) => `n${i}`)
    const placed = (on: string) =>
      names.find((name) => all.locate(name).server.address === on && !isGoneIn(name)) ?? ''
    const isGoneIn = (name: string) => all.locate(name, 'key').server.address === gone
    const [third = ''] = addresses.filter((address) => address !== head && address !== gone)
    const [out, on] = [placed(gone), placed(third)].map((namespace) =>
      createCache<string>({ store: make(), namespace })
    )
    t.notOk(await out?.set('key', 'value', OPTIONS).catch(() => false))
    t.equal(await out?.remember('key', OPTIONS, () => 'computed'), 'computed')
    t.ok(await on?.set('key', 'value', OPTIONS))
    t.equal(await on?.get('key'), 'value')
  })
  t.teardown(() => { all.close() })
})

t.test('a closed store sends nothing and leaves nothing behind', async (t) => {
  const { make } = await open(t, 1)
  await until('those of the other tests have ended', async () => connections() === 0)
  const store = make()
  const cache = createCache<string>({ store, namespace: randomUUID() })
  await cache.set('key', 'value', OPTIONS)
  t.equal(connections(), 1)
  await store.close()
  t.equal(await cache.get('key'), undefined)
  t.equal(await cache.remember('key', OPTIONS, () => 'computed'), 'computed')
  await t.rejects(cache.invalidate(['tag']), { code: 'WEIR_CACHE_STORE_FAILED' })
  await setTimeout(0)
  t.equal(connections(), 0)
})

t.test('the program in the README runs as it is, except for the address, and ends', async (t) => {
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8')
  const [, program = ''] = /\n### Memcached\n.*?```js\n(.*?)```/s.exec(readme) ?? []
  const { addresses: [address = ''] } = await open(t, 1)
  // Next to the compiled tests, from where packages are found.
  const folder = new URL(`memcached-readme-${process.pid}/`, import.meta.url)
  await mkdir(folder)
  t.teardown(() => rm(folder, { recursive: true }))
  const file = new URL('program.mjs', folder)
  await writeFile(file, program.replace('127.0.0.1:11211', address))
  // Rejects unless the program ends by itself with code 0.
  t.ok(await promisify(execFile)(process.execPath, [file.pathname], { timeout: 60_000 }))
  t.ok(program.includes('memcachedStore('))
})

const connections = () =>
  process.getActiveResourcesInfo().filter((resource) => resource === 'TCPSocketWrap').length
