import { randomUUID } from 'node:crypto'
import { memoryStore } from '@weir/cache/memory'
import { redisStore } from '@weir/cache/redis'
import { startRedis } from '@weir/internal/testing'
import {
  askWhy, type JournalStore, memoryJournal, type Recorded, searchJournal, written
} from '@weir/metrics/journal'
import { redisJournal } from '@weir/metrics/journal/redis'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import conditional from '../conditional/index.js'
import invalidation from '../invalidation/index.js'
import journal, { type JournalOptions } from '../journal/index.js'
import responseCache from '../response-cache/index.js'
import type { Store } from '@weir/cache'

const server = await startRedis(t)
const NAMESPACE = 'shop'

interface Shop {
  price: number
  /** Called by the handler of a price, before it reads. */
  onRead?: () => Promise<void>
  /** Called by the handler of a write, once it has changed the price. */
  onWritten?: () => Promise<void>
  isBroken?: boolean
}

interface Place {
  readonly store: Store
  readonly journal: JournalStore
}

/** An instance with a price that is cached, and that a PUT changes. */
async function shop (
  t: Test,
  name: string,
  db: Shop,
  { store, journal: journalStore }: Place,
  options: Partial<JournalOptions> = {}
): Promise<FastifyInstance> {
  const app = Fastify({ requestIdHeader: 'x-request-id' })
  t.teardown(() => app.close())
  await app.register(conditional)
  await app.register(responseCache, {
    store, namespace: NAMESPACE, name, origin: 'http://shop.test'
  })
  await app.register(journal, {
    store: journalStore,
    client: ({ headers }) => headers['x-client']?.toString(),
    ...options
  })
  await app.register(invalidation)
  app.decorateRequest('user', null)
  app.get('/price', {
    config: { cache: { ttl: '60s', tags: ['price'], staleIfError: '60s' } }
  }, async (_request, reply) => {
    await db.onRead?.()
    if (db.isBroken === true) return reply.code(500).send({ error: 'broken' })
    return { price: db.price }
  })
  app.get('/mine', { config: { cache: { ttl: '60s' } } }, async (_request, reply) =>
    reply.header('cache-control', 'private').send({ mine: true }))
  app.put<{ Body: { price: number } }>('/price', {
    config: { invalidates: ['price'] }
  }, async ({ body }) => {
    db.price = body.price
    await db.onWritten?.()
    return { price: db.price }
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return app
}

async function placeOn (t: Test, journalTimeout = 2000): Promise<Place> {
  const prefix = randomUUID()
  const store = redisStore({ client: await server.connect({ commandTimeout: 10_000 }), prefix })
  t.teardown(() => store.close())
  return {
    store,
    journal: redisJournal({
      client: await server.connect(), prefix, commandTimeout: journalTimeout
    })
  }
}

const ask = async (
  app: FastifyInstance,
  path: string,
  id: string,
  more: RequestInit & { client?: string } = {}
) => {
  const { client, headers, ...init } = more
  const response = await fetch(`${app.listeningOrigin}${path}`, {
    ...init,
    headers: {
      ...headers,
      'x-request-id': id,
      ...(client !== undefined && { 'x-client': client }),
      ...(init.body !== undefined && { 'content-type': 'application/json' })
    }
  })
  return { response, text: await response.text() }
}

const put = (app: FastifyInstance, id: string, price: number) =>
  ask(app, '/price', id, { method: 'PUT', body: JSON.stringify({ price }), client: 'user:editor' })

const all = async ({ journal }: Place) =>
  (await searchJournal(journal, NAMESPACE, { from: 0, to: Date.now() + 1000 }, {})).events

/** Waits until the response is in the journal: hooks run after the client has it. */
async function settled (place: Place, apps: readonly FastifyInstance[], id: string) {
  for (let tries = 0; tries < 200; tries++) {
    for (const app of apps) await app.journal.flush()
    const events = await all(place)
    if (events.some((event) => 'request' in event && event.request?.id === id && event.kind !== 'filled')) {
      return events
    }
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`${id} is not in the journal`)
}

const kinds = (events: readonly Recorded[]) => events.map((event) =>
  [event.kind, event.instance, 'request' in event ? event.request?.id : ''].join(' '))

const time = () => 'T'

t.test('a story of two instances is answered exactly', async (t) => {
  const place = await placeOn(t)
  const db: Shop = { price: 1 }
  const [a, b] = [await shop(t, 'a', db, place), await shop(t, 'b', db, place)]
  await ask(a, '/price', 'fill', { client: 'user:first' })
  await settled(place, [a, b], 'fill')
  const hit = await ask(b, '/price', 'hit', { client: 'user:alice' })
  t.match(hit.response.headers.get('cache-status'), /hit/)
  await settled(place, [a, b], 'hit')
  await put(a, 'write', 2)
  await settled(place, [a, b], 'write')
  const etag = hit.response.headers.get('etag') ?? ''
  const refill = await ask(b, '/price', 'refill', { client: 'user:alice', headers: { 'if-none-match': etag } })
  t.equal(refill.text, '{"price":2}')
  const events = await settled(place, [a, b], 'refill')
  t.strictSame(kinds(events).sort(), [
    'filled a fill', 'filled b refill', 'invalidated a ', 'served a fill', 'served b hit',
    'served b refill', 'written a write'
  ])

  const question = { url: '/price', client: 'user:alice', within: 5000 }
  const servedAt = (id: string) =>
    events.find((event) => event.kind === 'served' && event.request?.id === id)?.at ?? 0
  const old = await askWhy(place.journal, NAMESPACE, { ...question, at: servedAt('hit'), within: 0 })
  t.equal(old.cause, 'before-write')
  t.equal(old.served?.request?.id, 'hit')
  t.equal(old.served?.etag, etag)
  t.equal(old.explained?.version?.fill?.request.id, 'fill')
  t.equal(old.explained?.version?.facts?.filledBy, 'a')
  t.equal(old.explained?.write?.request.id, 'write')
  t.equal(old.explained?.write?.request.client, 'user:editor')
  t.match(written(old.conclusion, time),
    /^(?:Probably: )?It was still the current version: the shared store, through b served the version computed by a at T for GET \/price \(request fill, user:first\), and PUT \/price by user:editor changed it .* later, at T\./)
  t.strictSame(
    old.timeline.filter(({ isDecisive }) => isDecisive).map(({ event }) => event.kind),
    ['filled', 'served', 'invalidated', 'written'])
  const fresh = await askWhy(place.journal, NAMESPACE, { ...question, at: servedAt('refill'), within: 0 })
  t.equal(fresh.cause, 'computed')
  t.equal(fresh.served?.request?.id, 'refill')
  const other = await askWhy(
    place.journal, NAMESPACE, { ...question, client: 'user:bob', at: servedAt('hit') })
  t.equal(other.served, undefined)
  await Promise.all([a.close(), b.close()])
  const closed = await askWhy(
    place.journal, NAMESPACE, { ...question, client: 'user:bob', at: servedAt('hit'), within: 0 })
  t.strictSame([closed.cause, closed.isCertain], ['no-request', true])
})

t.test('a hit during a write, and a fill that began before it', async (t) => {
  const place = await placeOn(t)
  const db: Shop = { price: 1 }
  const [a, b] = [await shop(t, 'a', db, place), await shop(t, 'b', db, place)]
  let [read, proceed] = [() => {}, () => {}]
  const reading = new Promise<void>((resolve) => { read = resolve })
  const proceeding = new Promise<void>((resolve) => { proceed = resolve })
  db.onRead = async () => {
    read()
    await proceeding
  }
  const slow = ask(b, '/price', 'slow', { client: 'user:alice' })
  await reading
  delete db.onRead
  await put(a, 'write', 2)
  await settled(place, [a, b], 'write')
  proceed()
  t.match((await slow).response.headers.get('cache-status'), /INVALIDATED/)
  const events = await settled(place, [a, b], 'slow')
  const served = events.find((event) => event.kind === 'served' && event.request?.id === 'slow')
  t.match(served, { outcome: 'miss', reason: 'INVALIDATED', key: 'http://shop.test/price' })
  const { cause } = await askWhy(
    place.journal, NAMESPACE, { url: '/price', client: 'user:alice', at: served?.at ?? 0 })
  t.equal(cause, 'computed-before-write')
})

t.test('a read during a slow write comes before its answer, without a log', async (t) => {
  const place = { store: memoryStore(), journal: memoryJournal() }
  const db: Shop = { price: 1 }
  const a = await shop(t, 'a', db, place)
  await ask(a, '/price', 'fill')
  db.onWritten = async () => {
    await ask(a, '/price', 'hit', { client: 'user:alice' })
    // Longer than the difference between clocks that is ignored.
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
  await put(a, 'write', 2)
  const events = await settled(place, [a], 'write')
  const served = events.find((event) => event.kind === 'served' && event.request?.id === 'hit')
  const write = events.find(({ kind }) => kind === 'written')
  t.match(write, { kind: 'written' })
  t.ok(write?.kind === 'written' && write.since - write.began >= 290)
  t.ok(served?.kind === 'served' && write?.kind === 'written' && write.began <= served.at)
  const { cause } = await askWhy(
    place.journal, NAMESPACE, { url: '/price', client: 'user:alice', at: served?.at ?? 0 })
  t.equal(cause, 'before-acknowledged')
  db.onRead = () => new Promise((resolve) => { setTimeout(resolve, 100) })
  await ask(a, '/price', 'slow')
  const slow = (await settled(place, [a], 'slow'))
    .find((event) => event.kind === 'served' && event.request?.id === 'slow')
  t.ok(slow?.kind === 'served' && slow.at - slow.began >= 99, 'requests have their begin')
})

t.test('a failing handler, a response for one client, and a cleared cache', async (t) => {
  const place = { store: memoryStore(), journal: memoryJournal() }
  const db: Shop = { price: 1 }
  const a = await shop(t, 'a', db, place)
  await ask(a, '/price', 'fill')
  await ask(a, '/mine', 'mine', { client: 'user:alice' })
  await a.responseCache.cache.clear()
  await ask(a, '/price?token=abc&x=1', 'secret')
  db.isBroken = true
  const events = await settled(place, [a], 'secret')
  t.match(events.find((event) => event.kind === 'served' && event.request?.id === 'mine'),
    { outcome: 'bypass', reason: 'PRIVATE', key: /\/mine$/ })
  t.match(events.find(({ kind }) => kind === 'invalidated'), { tags: [] })
  t.notMatch(JSON.stringify(events), /abc/)
  t.match(events.find((event) => event.kind === 'served' && event.request?.id === 'secret'),
    { request: { url: /^\/price\?token=\[redacted [\w-]{8}\]&x=1$/ } })
  const { cause, conclusion } = await askWhy(
    place.journal, NAMESPACE, { url: '/mine', client: 'user:alice', at: Date.now() })
  t.equal(cause, 'not-cached')
  t.match(written(conclusion, time), /for this request alone \(PRIVATE\)/)
})

t.test('while Redis is frozen requests are answered, and the story is whole afterwards', async (t) => {
  const frozen = await startRedis(t)
  const prefix = randomUUID()
  const store = redisStore({ client: await frozen.connect({ commandTimeout: 150 }), prefix })
  t.teardown(() => store.close())
  const place = {
    store,
    journal: redisJournal({ client: await frozen.connect(), prefix, commandTimeout: 150 })
  }
  const a = await shop(t, 'a', { price: 1 }, place)
  await ask(a, '/price', 'fill', { client: 'user:first' })
  await settled(place, [a], 'fill')
  frozen.freeze()
  const { response } = await ask(a, '/price', 'during', { client: 'user:alice' })
  t.equal(response.status, 200)
  await t.rejects(a.journal.flush())
  frozen.thaw()
  const events = await settled(place, [a], 'during')
  const served = events.find((event) => event.kind === 'served' && event.request?.id === 'during')
  t.match(served, { kind: 'served', instance: 'a' })
  t.equal(a.journal.dropped, 0)
})

t.test('clients are named by user or network, told apart by a keyed hash, and never by more', async (t) => {
  const places = [memoryJournal(), memoryJournal()] as const
  const build = async (journalStore: JournalStore, secret?: string) => {
    const app = Fastify({ trustProxy: true })
    t.teardown(() => app.close())
    await app.register(responseCache, { store: memoryStore(), namespace: NAMESPACE })
    await app.register(journal, { store: journalStore, ...(secret !== undefined && { secret }) })
    app.get('/', { config: { cache: { ttl: '60s' } } }, async () => 'x')
    return app
  }
  const clientsOf = async (app: FastifyInstance, store: JournalStore) => {
    for (const ip of ['203.0.113.7', '203.0.113.8', '203.0.113.7']) {
      await app.inject({ url: '/', headers: { 'x-forwarded-for': ip } })
    }
    await app.journal.flush()
    const { events } = await searchJournal(
      store, NAMESPACE, { from: 0, to: Date.now() + 1000 }, { kind: 'served' })
    return events.map((event) => event.kind === 'served' ? event.request?.client : '')
  }
  t.strictSame(await clientsOf(await build(places[0]), places[0]), [
    'address:203.0.113.0/24', 'address:203.0.113.0/24', 'address:203.0.113.0/24'
  ])
  const [x, y, z] = await clientsOf(await build(places[1], 'a secret of 16 characters'), places[1])
  t.match(x, /^address:203\.0\.113\.0\/24#[\w-]{8}$/)
  t.equal(x, z)
  t.not(x, y)
})

t.test('no header, user or token is recorded; variants and instances agree on their keys', async (t) => {
  const places = { shared: memoryJournal(), silent: memoryJournal() }
  const silent = { ...places.silent, secret: () => new Promise<string>(() => {}) }
  const store = memoryStore()
  const fields = ['x-session', 'cookie', 'authorization']
  const build = async (journalStore: JournalStore, secret?: string) => {
    const app = Fastify()
    t.teardown(() => app.close())
    await app.register(responseCache, { store, namespace: NAMESPACE, origin: 'http://shop.test' })
    await app.register(journal, { store: journalStore, ...(secret !== undefined && { secret }) })
    for (const vary of fields) {
      app.get(`/${vary}`, { config: { cache: { ttl: '60s', vary: [vary], public: true } } },
        async () => 'x')
    }
    app.get('/own', { config: { cache: { ttl: '60s', key: () => 'own' } } }, async () => 'x')
    return app
  }
  const [a, b] = [await build(places.shared), await build(places.shared)]
  const [c] = [await build(silent)]
  for (const app of [a, b, c]) {
    for (const vary of fields) {
      for (const value of ['SECRET1', 'SECRET2']) {
        await app.inject({ url: `/${vary}`, headers: { [vary]: value } })
      }
    }
    await app.inject('/own?x=1')
    await app.inject({ url: '/own?x=2', headers: { 'cache-control': 'only-if-cached' } })
    await app.inject({ url: '/x-session', headers: { 'cache-control': 'only-if-cached' } })
    await app.journal.flush()
  }
  const found = async (journalStore: JournalStore, url: string) => {
    const { events } = await searchJournal(
      journalStore, NAMESPACE, { from: 0, to: Date.now() + 1000 }, { url })
    t.notMatch(JSON.stringify(events), /SECRET/)
    return events.flatMap((event) => event.kind === 'served' ? [event] : [])
  }
  for (const vary of fields) {
    const keys = (await found(places.shared, `/${vary}`)).map(({ key }) => key)
      .filter((key) => key.includes('redacted'))
    t.equal(keys.length, 4)
    t.equal(new Set(keys).size, 2, `${vary}: two variants, each on both instances`)
    t.match(keys[0], new RegExp(`^http://shop.test/${vary}\\n${vary}:\\[redacted [\\w-]{8}\\]$`))
  }
  t.match((await found(places.silent, '/cookie'))[0]?.key, /cookie:\[redacted\]$/)
  const at = Date.now()
  t.equal((await askWhy(places.shared, NAMESPACE, { url: '/own?x=1', at })).served?.request?.url, '/own?x=1')
  const refused = (await found(places.shared, '/x-session')).filter(({ status }) => status === 504)
  t.match(refused, [{ outcome: 'bypass' }, { outcome: 'bypass' }])
})

t.test('an own name that throws is left out', async (t) => {
  const place = { store: memoryStore(), journal: memoryJournal() }
  const a = await shop(t, 'a', { price: 1 }, place, { client: () => { throw new Error('no') } })
  t.equal((await ask(a, '/price', 'one')).response.status, 200)
  const events = await settled(place, [a], 'one')
  t.notOk(JSON.stringify(events).includes('"client"'))
})

t.test('mistakes in options stop the boot', async (t) => {
  const attempt = async (options: object, withCache = true) => {
    const app = Fastify()
    t.teardown(() => app.close())
    if (withCache) await app.register(responseCache, { store: memoryStore() })
    await app.register(journal, { store: memoryJournal(), ...options })
    await app.ready()
  }
  await t.rejects(attempt({ secret: 'short' }), { code: 'WEIR_ERR_PLUGIN_OPTION' })
  await t.rejects(attempt({ client: 'user' }), /client/)
  await t.rejects(attempt({ redact: 'email' }), /redact/)
  await t.rejects(attempt({ store: undefined }), /store is missing/)
  await t.rejects(attempt({ hitsPerSecond: 0.5 }), /hitsPerSecond/)
  await t.rejects(attempt({ stor: 1 }), /stor/)
  await t.rejects(attempt({}, false), /weir-response-cache/)
})
