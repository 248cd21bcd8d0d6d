import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { memoryStore } from '@weir/cache/memory'
import { createEdge, edgeMigration, EdgeError, type EdgeSchema } from '@weir/edge'
import { edgeBox, memoryStore as metricsStore } from '@weir/metrics'
import { createOutbox, ImmediateSqliteDialect, outboxMigration } from '@weir/outbox'
import Database from 'better-sqlite3'
import { fastify, type FastifyInstance } from 'fastify'
import { Kysely } from 'kysely'
import t, { type Test } from 'tap'
import auth from '../auth/index.js'
import cacheAdmin from '../cache-admin/index.js'
import edgePlugin from '../edge/index.js'
import fragments from '../fragments/index.js'
import invalidation from '../invalidation/index.js'
import observability from '../observability/index.js'
import responseCache from '../response-cache/index.js'

const HS256 = { algorithm: 'HS256', secret: 'a secret of the tests, which is long enough' } as const

/** A service with an edge that its administration, consoles and metrics see. */
async function world (t: Test, {
  isDurable = true, isPatient = false, instance = 'shop-1', store = metricsStore()
} = {}) {
  const database = new Database(join(t.testdir(), 'service.db'))
  const db = new Kysely<EdgeSchema>({ dialect: new ImmediateSqliteDialect({ database }) })
  await outboxMigration.up(db)
  await edgeMigration.up(db)
  const purged: string[][] = []
  let error: Error | undefined
  let silent: Promise<void> | undefined
  const destinations = [{
    name: 'cdn',
    wait: isPatient ? 60_000 : 100,
    timeout: isPatient ? 60_000 : 1000,
    headers: { tags: 'surrogate-key' },
    async purge (tags: readonly string[]) {
      if (error !== undefined) throw error
      await silent
      purged.push([...tags])
    }
  }]
  const edge = createEdge(isDurable ? { db, destinations } : { destinations, pollInterval: 10 })
  const app = fastify()
  const outbox = isDurable
    ? createOutbox({ db, invalidate: (tags) => app.responseCache.invalidate(tags), edge })
    : undefined
  await app.register(auth, { jwt: [HS256] })
  await app.register(observability, { store, service: 'shop', instance })
  await app.register(edgePlugin, { edge })
  await app.register(responseCache, {
    store: memoryStore(), origin: 'http://shop', name: instance, ...(outbox && { outbox })
  })
  await app.register(fragments)
  await app.register(cacheAdmin, { prefix: '/cache', instance })
  await app.register(invalidation, outbox === undefined ? {} : { outbox })
  let version = 1
  app.get('/products/:id', { config: { cache: { ttl: '1h', tags: ['product:{id}'], public: true } } },
    async () => ({ version: version++ }))
  app.put('/products/:id', { config: { invalidates: ['product:{id}'] } }, async () => ({}))
  t.teardown(async () => {
    await app.close()
    await outbox?.stop()
    await db.destroy()
  })
  await app.ready()
  await outbox?.start()
  return {
    app,
    edge,
    purged,
    requests: store.requests,
    store,
    fail: (given?: Error) => { error = given },
    silence: () => {
      const { promise, resolve } = gate()
      silent = promise
      return resolve
    }
  }
}

const gate = () => {
  let resolve = () => {}
  const promise = new Promise<void>((_resolve) => { resolve = _resolve })
  return { promise, resolve }
}

const purge = async (app: FastifyInstance, payload: object) => {
  const token = app.jwt.HS256.sign({ sub: 'root', role: 'admin' }, { expiresIn: '1h' })
  const answer = await app.inject({
    method: 'POST', url: '/cache/invalidations', payload, headers: { authorization: `Bearer ${token}` }
  })
  return { status: answer.statusCode, body: answer.json<{ unconfirmed: string[] }>() }
}

const until = async (isTrue: () => boolean | Promise<boolean>) => {
  while (!await isTrue()) await wait(10)
}

for (const isDurable of [true, false]) {
  t.test(`purges of an operator reach the edge, ${isDurable ? 'by the outbox' : 'without an outbox'}`, async (t) => {
    const { app, purged, fail } = await world(t, { isDurable })
    const tagsOf = async () =>
      String((await app.inject('/products/1')).headers['surrogate-key']).split(' ')
    for (const [what, body] of [
      ['tags', { tags: ['product:1'] }], ['urls', { urls: ['/products/1'] }], ['all', { all: true }]
    ] as const) {
      const carried = await tagsOf()
      purged.length = 0
      t.match(await purge(app, body), { status: 200, body: { unconfirmed: [] } }, what)
      t.equal(purged.length, 1, `${what}: the edge is told once`)
      t.ok(purged.flat().some((tag) => carried.includes(tag)), `${what}: ${purged.join()}`)
    }
    purged.length = 0
    await app.responseCache.invalidate(['product:1'])
    await app.responseCache.clear()
    await app.fragments.invalidate(['menu'])
    t.strictSame(purged, [['product:1'], ['weir:everything'], ['menu']])
    t.equal((await app.inject({ method: 'PUT', url: '/products/1' })).headers['weir-edge'], undefined)
    t.ok(purged.flat().filter((tag) => tag === 'product:1').length === 2)

    fail(new Error('down'))
    t.match(await purge(app, { tags: ['product:1'] }), { status: 200, body: { unconfirmed: ['cdn'] } })
    t.equal((await app.inject({ method: 'PUT', url: '/products/1' })).headers['weir-edge'], 'unconfirmed')
  })
}

t.test('requests that a console or program has left are carried out', async (t) => {
  const { app, edge, purged, requests, store, fail } = await world(t, { isDurable: false })
  const send = async (box: string, request: object | string) => {
    const text = typeof request === 'string' ? request : JSON.stringify(request)
    await requests?.send(box, text)
    await until(async () => await requests?.has(box, text) === false)
  }
  await app.inject('/products/1')
  await send(edgeBox('shop'), { id: '1', action: 'purge', tags: ['product:1'] })
  t.strictSame(purged, [['product:1']])
  t.strictSame((await app.inject('/products/1')).json(), { version: 2 }, 'the fleet, too')
  await send(edgeBox('shop'), 'not a request')

  fail(new EdgeError('WEIR_EDGE_REFUSED', 'cdn answered 401', { status: 401 }))
  await send(edgeBox('shop'), { id: '2', action: 'purge', tags: ['a', 'b'] })
  await until(async () => (await edge.deadLetters()).length === 2)
  const [a, b] = await edge.deadLetters()
  const told = async () => (await store.instances())[0]?.edge
  await until(async () => (await told())?.letters.length === 2)
  t.match(await told(), {
    isShared: false,
    destinations: [{ destination: 'cdn', pending: 0, dead: 2, state: 'failing', error: /401/ }],
    letters: [{ tag: 'a' }, { tag: 'b' }]
  })
  fail()
  await send(edgeBox('shop'), { id: '3', action: 'discard', letters: [a] })
  t.equal((await edge.deadLetters()).length, 2, 'another instance has the letters')
  await send(edgeBox('shop', 'shop-1'), { id: '4', action: 'discard', letters: [a] })
  await send(edgeBox('shop', 'shop-1'), { id: '5', action: 'retry', letters: [a, b] })
  await send(edgeBox('shop', 'shop-1'), { id: '6', action: 'retry', letters: [b] })
  await until(() => purged.flat().includes('b'))
  t.strictSame(await edge.deadLetters(), [])
})

for (const isDurable of [true, false]) {
  t.test(`a destination that never answers holds up no request, ${isDurable ? 'durable' : 'in memory'}`, async (t) => {
    const { app, edge, requests, silence } = await world(t, { isDurable, isPatient: true })
    const answer = silence()
    await app.inject('/products/1')
    const box = edgeBox('shop')
    for (let round = 0; round < 2; round++) {
      const sent = [1, 2, 3].map((i) => JSON.stringify(
        { id: `${round}.${i}`, action: 'purge', tags: [`product:${i}`] }))
      for (const text of sent) await requests?.send(box, text)
      // Far less than the destination is waited for.
      const end = performance.now() + 10_000
      await until(async () => performance.now() > end ||
        (await Promise.all(sent.map(async (text) => await requests?.has(box, text) === false)))
          .every(Boolean))
      t.ok(performance.now() < end, `round ${round}: all are taken`)
    }
    t.strictSame((await app.inject('/products/1')).json(), { version: 2 }, 'the fleet has invalidated')
    t.ok((await edge.status()).every(({ pending }) => pending >= 3), 'the destination is owed each tag')
    answer()
  })
}

t.test('the edge is part of the metrics', async (t) => {
  const { app, fail } = await world(t)
  await purge(app, { tags: ['a', 'b'] })
  fail(new Error('down'))
  await purge(app, { tags: ['c'] })
  const text = (await app.inject('/metrics')).body
  const labels = 'service="shop",destination="cdn"'
  for (const [name, value] of [
    [`weir_edge_pending{${labels}}`, '1'],
    [`weir_edge_dead_letters{${labels}}`, '0'],
    [`weir_edge_purges_total{${labels},outcome="confirmed"}`, '2'],
    [`weir_edge_purge_duration_seconds_count{${labels}}`, '1']
  ]) t.match(text, `${name} ${value}`)
  t.match(text, /weir_edge_oldest_seconds\{.*\} [\d.]+/)
  t.match(text, /weir_edge_purges_total\{.*outcome="failed"\} [1-9]/)
})

t.test('an outbox with an edge needs the plugin', async (t) => {
  const { edge } = await world(t, { isDurable: false })
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(responseCache, { store: memoryStore() })
  const outbox = {
    hasEdge: edge.destinations.length > 0,
    deliver: async () => 'delivered',
    queue: async (tags: readonly string[]) => ({ id: '', tags })
  }
  await t.rejects(async () => { await app.register(invalidation, { outbox }) }, /@weir\/fastify\/edge/)
})
