// Five failures of caches, measured: docs/why.md. From the root of the repository, built, with
// redis-server on PATH:
//
//     node docs/reproduce/failures.mjs
//
// One process is the database: it counts what is read from it. Three others are instances of one
// application.
import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const TTL = 5 // seconds
const CAP = 5_000 // milliseconds after which a read counts as one that hangs
const STORM = 200
const ROUNDS = { stampede: 5, slowFill: 50, lostMessage: 5, frozen: 3, users: 100 }
const LIBRARIES = ['weir', 'bentocache', 'async-cache-dedupe']
const WITH_TIMEOUT = [
  'bentocache, commandTimeout 100 ms',
  'async-cache-dedupe, commandTimeout 100 ms'
]

/** Each library as its documentation sets it up for several instances that share a Redis. */
const adapters = {
  async weir ({ port }) {
    const { createCache } = await import('@weir/cache')
    const { redisStore } = await import('@weir/cache/redis')
    const cache = createCache({
      store: redisStore({ url: `redis://127.0.0.1:${port}` }),
      namespace: 'demo'
    })
    return {
      get: (key, load) => cache.remember(key, { ttl: `${TTL}s` }, () => load(key)),
      invalidate: (key) => cache.delete(key)
    }
  },
  async bentocache (connection) {
    const { BentoCache, bentostore } = await import('bentocache')
    const { memoryDriver } = await import('bentocache/drivers/memory')
    const { redisBusDriver, redisDriver } = await import('bentocache/drivers/redis')
    const cache = new BentoCache({
      default: 'demo',
      stores: {
        demo: bentostore()
          .useL1Layer(memoryDriver({ maxSize: '10mb' }))
          .useL2Layer(redisDriver({ connection }))
          .useBus(redisBusDriver({ connection }))
      }
    })
    return {
      get: (key, load) => cache.getOrSet({ key, ttl: `${TTL}s`, factory: () => load(key) }),
      invalidate: (key) => cache.delete({ key })
    }
  },
  async 'async-cache-dedupe' (connection) {
    const { createCache } = await import('async-cache-dedupe')
    const { Redis } = await import('ioredis')
    const client = new Redis(connection)
    client.on('error', () => {})
    let load
    const cache = createCache({
      ttl: TTL,
      storage: { type: 'redis', options: { client, invalidation: true } }
    }).define('value', { references: (key) => [key] }, (key) => load(key))
    return {
      get: (key, loader) => { load = loader; return cache.value(key) },
      invalidate: (key) => cache.invalidateAll(key)
    }
  }
}

/** An instance: does what it is told, and reads from the database by messages. */
async function instance (library, port) {
  let ids = 0
  const waiting = new Map()
  const load = (key) => new Promise((resolve) => {
    waiting.set(++ids, resolve)
    process.send({ load: key, id: ids })
  })
  const [name, timeout] = library.split(', ')
  const cache = await adapters[name]({
    host: '127.0.0.1',
    port,
    ...(timeout && { commandTimeout: 100 })
  })
  process.on('message', async ({ loaded, id, call, key, times = 1 }) => {
    if (loaded !== undefined) { waiting.get(id)(loaded); return }
    const began = performance.now()
    const work = () => call === 'get' ? cache.get(key, load) : cache.invalidate(key)
    const [result] = await Promise.allSettled(Array.from({ length: times }, work))
    const failed = result.status === 'rejected'
    process.send({ done: id, value: result.value, failed, ms: performance.now() - began })
  })
  process.on('disconnect', () => process.exit())
  process.send({ ready: true })
}

/** The database and its instances. */
async function fleet (library, port) {
  const db = { version: 1, reads: 0, delay: async () => {} }
  let ids = 0
  const calls = new Map()
  const start = async () => {
    const child = fork(fileURLToPath(import.meta.url), ['instance', library, String(port)], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc']
    })
    child.on('message', async (message) => {
      if (message.load !== undefined) {
        db.reads++
        const { version } = db // what it reads is what is there now, however late the answer comes
        await db.delay()
        if (child.connected) child.send({ loaded: version, id: message.id })
      } else if (message.done !== undefined) calls.get(message.done)?.(message)
    })
    await once(child, 'message')
    const ask = (call, key, times) => new Promise((resolve) => {
      const id = ++ids
      calls.set(id, resolve)
      child.send({ call, key, id, times })
    })
    return {
      get: (key, times) => ask('get', key, times),
      invalidate: (key) => ask('invalidate', key),
      end: () => child.kill('SIGKILL')
    }
  }
  const instances = await Promise.all([start(), start(), start()])
  return { db, instances, end: () => { for (const each of instances) each.end() } }
}

/** 1. Three instances, 200 reads each, of a key that none has. How often is the database read? */
async function stampede ({ db, instances }) {
  db.delay = () => sleep(300)
  const reads = []
  for (let i = 0; i < ROUNDS.stampede; i++) {
    db.reads = 0
    await Promise.all(instances.map((each) => each.get(`cold-${i}`, STORM)))
    reads.push(db.reads)
  }
  return `${[...new Set(reads)].sort().join(' or ')} reads of the database for ${3 * STORM} reads of the cache`
}

/**
 * 2. A fill reads the database; a write is acknowledged; the fill ends. What does a third instance
 *    read afterwards?
 */
async function slowFill ({ db, instances: [a, b, c] }) {
  let stale = 0
  for (let i = 0; i < ROUNDS.slowFill; i++) {
    const key = `slow-${i}`
    const gate = withResolvers()
    const hasRead = withResolvers()
    db.delay = () => { hasRead.resolve(); return gate.promise }
    const slow = a.get(key)
    await hasRead.promise
    db.delay = async () => {}
    const written = ++db.version
    await b.invalidate(key)
    gate.resolve()
    await slow
    if ((await c.get(key)).value < written) stale++
  }
  return `${stale} of ${ROUNDS.slowFill} reads after the write are stale`
}

/**
 * 3. Subscriber connections are cut; a write is acknowledged on one instance. How long does another
 *    one serve the old value?
 */
async function lostMessage ({ db, instances: [a, b, c] }, redis) {
  const stale = []
  for (let i = 0; i < ROUNDS.lostMessage; i++) {
    const key = `bus-${i}`
    for (const each of [a, b, c]) await each.get(key)
    await redis('CLIENT', 'KILL', 'TYPE', 'pubsub')
    const written = ++db.version
    await a.invalidate(key)
    const began = performance.now()
    let lastStale = 0
    while ((await b.get(key)).value < written) {
      lastStale = performance.now() - began
      await sleep(10)
    }
    stale.push(lastStale)
  }
  return stale.every((ms) => ms === 0)
    ? 'no stale read'
    : `stale for ${range(stale)} (ttl ${TTL} s)`
}

/**
 * 4. Redis is stopped. How long does a read take, of a key that is cached and of one that is not?
 */
async function frozen ({ instances: [a, b] }, redis, server) {
  const results = { cached: [], cold: [], next: [] }
  for (let i = 0; i < ROUNDS.frozen; i++) {
    await b.get(`hot-${i}`)
    server.kill('SIGSTOP')
    await sleep(100)
    results.cached.push(await capped(b.get(`hot-${i}`)))
    results.cold.push(await capped(b.get(`ice-${i}`)))
    results.next.push(await capped(b.get(`later-${i}`)))
    server.kill('SIGCONT')
    await sleep(1000)
    await a.get(`thaw-${i}`)
  }
  return `cached ${range(results.cached)}; cold ${range(results.cold)}; the next cold one ${range(results.next)}`
}

/**
 * 5. A cache of responses by URL, in two hooks over `app.cache` of @fastify/caching. Who gets
 *    another user's page?
 */
async function users () {
  const { default: Fastify } = await import('fastify')
  const byHand = async (app) => {
    const { default: caching } = await import('@fastify/caching')
    await app.register(caching)
    const store = app.cache
    app.addHook('onRequest', (request, reply, done) => {
      store.get(request.url, (error, found) => {
        if (error || !found) done(error)
        else reply.send(found.item)
      })
    })
    app.addHook('onSend', (request, reply, payload, done) => {
      store.set(request.url, payload, TTL * 1000, (error) => { done(error, payload) })
    })
  }
  const byWeir = async (app) => {
    const { default: responseCache } = await import('@weir/fastify/response-cache')
    const { memoryStore } = await import('@weir/cache/memory')
    await app.register(responseCache, { store: memoryStore() })
  }
  for (const [name, register] of Object.entries({ 'two hooks by URL': byHand, weir: byWeir })) {
    const app = Fastify()
    await register(app)
    app.get(
      '/account',
      { config: { cache: { ttl: `${TTL}s` } } },
      async (request) => `page of ${request.headers.cookie}`
    )
    let leaked = 0
    for (let i = 0; i < ROUNDS.users; i++) {
      const cookie = `user=${i}`
      const { payload } = await app.inject({ url: '/account', headers: { cookie } })
      if (payload !== `page of ${cookie}`) leaked++
    }
    await app.close()
    console.log(`  ${name.padEnd(20)} ${leaked} of ${ROUNDS.users} users got another user's page`)
  }
}

function withResolvers () {
  let resolve
  const promise = new Promise((_resolve) => { resolve = _resolve })
  return { promise, resolve }
}

async function capped (read) {
  const { ms, failed } = await Promise.race([read, sleep(CAP, { ms: Infinity })])
  return failed === true ? NaN : ms
}
const inWords = (ms) =>
  Number.isNaN(ms)
    ? 'fails'
    : ms === Infinity
      ? `hangs (> ${CAP / 1000} s)`
      : ms < 1000
        ? `${ms.toFixed(0)} ms`
        : `${(ms / 1000).toFixed(1)} s`
const range = (times) => {
  if (times.some(Number.isNaN)) return 'fails'
  const [least, most] = [Math.min(...times), Math.max(...times)].map(inWords)
  return least === most ? least : `${least} to ${most}`
}

async function freePort () {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  return port
}

async function main () {
  const version = (name) =>
    JSON.parse(
      readFileSync(new URL(`../../node_modules/${name}/package.json`, import.meta.url), 'utf8')
    ).version
  const others = [...LIBRARIES.slice(1), '@fastify/caching'].map(
    (name) => `${name} ${version(name)}`
  )
  console.log(
    `${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${others.join(', ')}`
  )
  const { Redis } = await import('ioredis')
  const SCENARIOS = {
    '1. stampede': stampede,
    '2. slow fill': slowFill,
    '3. lost message': lostMessage,
    '4. frozen Redis': frozen
  }
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    console.log(`\n${name}`)
    for (const library of scenario === frozen ? [...LIBRARIES, ...WITH_TIMEOUT] : LIBRARIES) {
      const port = await freePort()
      const server = spawn(
        'redis-server',
        ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
        { stdio: 'ignore' }
      )
      const client = new Redis({ host: '127.0.0.1', port })
      client.on('error', () => {})
      await client.ping()
      const instances = await fleet(library, port)
      await sleep(500) // subscriptions
      try {
        console.log(
          `  ${library.padEnd(41)} ${await scenario(instances, (command, ...args) => client.call(command, ...args), server)}`
        )
      } finally {
        server.kill('SIGCONT')
        instances.end()
        client.disconnect()
        server.kill()
      }
    }
  }
  console.log('\n5. another user\'s page')
  await users()
}

const [role, library, port] = process.argv.slice(2)
if (role === 'instance') await instance(library, Number(port))
else await main()
