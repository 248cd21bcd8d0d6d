import { Writable } from 'node:stream'
import { redisStore } from '@weir/cache/redis'
import invalidation from '@weir/fastify/invalidation'
import journal from '@weir/fastify/journal'
import responseCache from '@weir/fastify/response-cache'
import service, { loadEnv, serverOptions, serviceEnv } from '@weir/fastify/service'
import { startRedis } from '@weir/internal/testing'
import { memoryStore } from '@weir/metrics'
import { askWhy, type JournalStore, memoryJournal, searchJournal, written } from '@weir/metrics/journal'
import { redisJournal } from '@weir/metrics/journal/redis'
import { fastify, type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { purge as purgeCommand } from '../src/cli/purge.js'
import { timeIn, timeText } from '../src/cli/times.js'
import { whyCommand } from '../src/cli/why.js'
import { commandFacts, Purges } from '../src/journal/purges.js'
import { checkOptions } from '../src/options.js'
import { journalRoutes } from '../src/routes/journal.js'
import { keysRoutes } from '../src/routes/keys.js'

const server = await startRedis(t)

async function build (t: Test, store: JournalStore | undefined, isAllowed = true) {
  const app = fastify(
    serverOptions(loadEnv(serviceEnv, { LOG_LEVEL: 'silent', PORT: '0' }), { service: 'console' })
  )
  t.teardown(() => app.close())
  await app.register(service, { name: 'console', version: '0.0.0', title: 'Console', description: '' })
  await app.register(journalRoutes, {
    store, authorize: (_request, action) => isAllowed && action === 'inspect'
  })
  return (path: string, query: Record<string, string> = {}) =>
    app.inject({ url: `/api/stats/${path}`, query })
}

/** A shop with its journal: a fill, a hit, a write and a response for one client. */
async function shop (t: Test, store: JournalStore): Promise<FastifyInstance> {
  const app = fastify({ requestIdHeader: 'x-request-id' })
  t.teardown(() => app.close())
  const cache = redisStore({ url: server.url })
  t.teardown(() => cache.close())
  await app.register(responseCache, { store: cache, name: 'shop-1', origin: 'http://shop' })
  await app.register(journal, { store, client: () => 'user:alice' })
  await app.register(invalidation)
  let price = 1
  app.get('/price', { config: { cache: { ttl: '1m', tags: ['price'] } } }, async () => ({ price }))
  app.put('/price', { config: { invalidates: ['price'] } }, async () => ({ price: ++price }))
  for (const [method, id] of [['GET', 'fill'], ['GET', 'hit'], ['PUT', 'write']] as const) {
    await app.inject({ method, url: '/price', headers: { 'x-request-id': id } })
    // The write is a later one also by the clock.
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await app.journal.flush()
  return app
}

interface Event {
  readonly kind: string
  readonly instance: string
  readonly request: { readonly id: string, readonly client: string } | null
  readonly text: readonly (string | { at: number })[]
  readonly decisive?: boolean
}

t.test('events by URL, client, tag, instance, request and kind; the answer in one response', async (t) => {
  const store = redisJournal({ url: server.url })
  t.teardown(() => store.close())
  await shop(t, store)
  const get = await build(t, store)
  const find = async (query: Record<string, string>) => {
    const response = await get('journal', { namespace: 'responses', ...query })
    t.equal(response.statusCode, 200, response.body)
    t.equal(response.headers['cache-control'], 'no-store')
    return response.json<{ events: Event[], complete: boolean, gaps: unknown[] }>()
  }
  const kinds = async (query: Record<string, string>) =>
    (await find(query)).events.map(({ kind }) => kind).sort().join()
  t.equal(await kinds({}), 'filled,invalidated,served,served,written')
  t.equal(await kinds({ url: '/price' }), 'filled,invalidated,served,served,written')
  t.equal(await kinds({ tag: 'price', kind: 'written' }), 'written')
  t.equal(await kinds({ request: 'fill' }), 'filled,served')
  t.equal(await kinds({ client: 'user:alice', instance: 'shop-1' }), 'filled,served,served,written')
  t.equal(await kinds({ client: 'user:bob' }), '')
  t.equal(await kinds({ from: '1', to: '2' }), '')
  t.match((await find({ limit: '1' })).complete, false)
  t.strictSame((await get('journals')).json(), { namespaces: ['responses'], instances: 1 })

  const why = await get('journal/why', { namespace: 'responses', url: '/price', client: 'user:alice' })
  t.equal(why.statusCode, 200, why.body)
  const answer = why.json<{ timeline: Event[], conclusion: unknown[] }>()
  t.match(answer, {
    cause: 'before-write',
    served: { request: { id: 'hit' }, outcome: /^l[12]$/, url: 'http://shop/price' },
    version: { filledBy: 'shop-1', cacheControl: 'no-cache', tags: ['price'] },
    fill: { request: { id: 'fill' } },
    write: { request: { id: 'write', client: 'user:alice' }, outcome: 'acknowledged' },
    invalidation: { tags: /price/ }
  })
  t.equal(answer.timeline.filter(({ decisive }) => decisive).length, 4)
  t.match((await get('journal/why', { namespace: 'responses', url: '/none' })).json(), {
    cause: 'no-request-recorded', certain: false, served: null, version: null
  })
})

t.test('refusals and failures are problem documents', async (t) => {
  const query = { namespace: 'responses', url: '/price' }
  const none = await build(t, undefined)
  t.match((await none('journal/why', query)).json(), { status: 404, code: 'CONSOLE_ERR_NO_JOURNAL' })
  t.match((await none('journals')).json(), { status: 404, code: 'CONSOLE_ERR_NO_JOURNAL' })
  const refused = await build(t, memoryJournal(), false)
  for (const path of ['journal', 'journal/why', 'journals']) {
    t.match((await refused(path, query)).json(), { status: 403, code: 'CONSOLE_ERR_FORBIDDEN' })
  }
  const get = await build(t, memoryJournal())
  t.equal((await get('journal', { ...query, from: '5', to: '5' })).statusCode, 400)
  t.equal((await get('journal', { namespace: 'no such' })).statusCode, 400)
  t.equal((await get('journal/why', { namespace: 'responses' })).statusCode, 400)
  for (const url of ['http://[', 'ftp://x/a', 'price', '/price#x']) {
    const response = await get('journal/why', { namespace: 'responses', url })
    t.match(response.json(), { status: 400, code: 'CONSOLE_ERR_JOURNAL_QUESTION' }, url)
  }
  t.equal((await get('journal/why', { namespace: 'responses', url: '' })).statusCode, 400)
  const silent = await build(t, {
    ...memoryJournal(), read: () => Promise.reject(new Error('Redis is gone'))
  })
  t.match((await silent('journal', query)).json(), {
    status: 503, code: 'CONSOLE_ERR_JOURNAL', detail: /Redis is gone/
  })
})

t.test('an option that is no journal stops the boot', async (t) => {
  const valid = { store: memoryStore(), authorize: () => true }
  // @ts-expect-error -- a mistake that JavaScript allows
  t.throws(() => checkOptions({ ...valid, journal: 1 }), /journal.*redisJournal/)
})

const weirWhy = (...args: readonly string[]) => weir(whyCommand, ...args)

/** Runs a command with the arguments. */
async function weir (command: typeof whyCommand, ...args: readonly string[]) {
  let [out, err] = ['', '']
  const into = (add: (text: string) => void) => new Writable({
    write (chunk: Buffer, _encoding, done) {
      add(chunk.toString())
      done()
    }
  })
  const code = await command.run(args, {
    stdout: into((text) => { out += text }),
    stderr: into((text) => { err += text }),
    env: { REDIS_URL: server.url },
    isTTY: false,
    signal: AbortSignal.timeout(60_000)
  })
  return { code, out, err }
}

t.test('weir why', async (t) => {
  await (await server.connect()).flushall()
  t.match(await weirWhy('/price'), { code: 1, err: /no journal: register @weir\/fastify\/journal/ })
  const store = redisJournal({ url: server.url })
  t.teardown(() => store.close())
  await shop(t, store)
  const { code, out } = await weirWhy('/price', '--client', 'user:alice')
  t.equal(code, 0)
  t.match(out, /^It was still the current version: .* served the version computed by shop-1 at \d{4}-/)
  t.match(out, /\n\* \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} {2}PUT \/price \(request write, user:alice\) was acknowledged/)
  const json = JSON.parse((await weirWhy('/price', '--json', '--within', '60')).out) as object
  t.match(json, { namespace: 'responses', url: '/price', within: 60_000, cause: 'before-write' })
  t.match((await weirWhy('/price', '--at', '10d')).out, /^No event of this URL is recorded .*\nThis may not be the whole story: the journal/)
  t.match(await weirWhy('/price', '--namespace', 'none'), { code: 1, err: /there are responses/ })
  t.match(await weirWhy('/price', '--at', 'noon'), { code: 2, err: /--at noon is not a time/ })
  t.equal((await weirWhy()).code, 2)
  for (const wrong of [
    [''], ['http://['], ['ftp://x/a'], ['price'], ['/price#x'], ['/price', '--client', ''],
    ['/price', '--namespace', 'no name'], ['/price', '--at', '2026-02-31T12:00:00Z']
  ]) {
    const { code, err } = await weirWhy(...wrong)
    t.equal(code, 2, wrong.join(' '))
    t.match(err, /^weir why: .*\.\n/)
  }
})

t.test('purges by the console and by the command line are in the journal, with their user', async (t) => {
  await (await server.connect()).flushall()
  const store = redisJournal({ url: server.url })
  const cache = redisStore({ url: server.url })
  const shop = fastify()
  t.teardown(async () => {
    await shop.close()
    await store.close()
    await cache.close()
  })
  await shop.register(responseCache, { store: cache, name: 'shop-1', origin: 'http://shop' })
  await shop.register(journal, { store, redact: ['email'] })
  shop.get('/p', { config: { cache: { ttl: '1m', tags: ['p'] } } }, async () => 'A page')
  const url = '/p?email=me&token=x'
  const app = fastify()
  app.decorateRequest('user')
  app.addHook('onRequest', async (request) => { request.user = { id: 'eve', role: 'admin' } })
  const purges = new Purges(store, 'console-1')
  await app.register(keysRoutes, {
    authorize: () => true, store: cache, collector: { presences: [] }, requests: undefined, purges
  })
  t.teardown(() => app.close())
  const purge = async (namespace: string, body: object) => {
    await shop.inject({ url })
    await shop.journal.flush()
    const payload = { namespace, ...body }
    const response = await app.inject({ method: 'POST', url: '/api/stats/invalidations', payload })
    t.equal(response.statusCode, 200, response.body)
  }
  const key = `http://shop${url}`
  await purge('responses', { keys: [key] })
  await purge('responses', { tags: ['p'] })
  await purge('other', { tags: ['p'] })
  await shop.inject({ url })
  const { code } = await weir(purgeCommand, '--tag', 'p')
  t.equal(code, 0)
  const range = { from: 0, to: Date.now() }
  const { events } = await searchJournal(store, 'responses', range, { kind: 'invalidated' })
  t.match(events.map((event) => event.kind === 'invalidated' && event.request), [
    { method: 'POST', url: '/api/stats/invalidations', client: 'user:eve' },
    { method: 'POST', client: 'user:eve' },
    { method: 'weir', url: 'purge', client: /^shell:.+@/ }
  ])
  t.notMatch(JSON.stringify(events), /email=me|token=x/)
  t.strictSame(await store.namespaces(), ['responses'])
  await purges.close()
  await shop.journal.flush()
  const first = await searchJournal(store, 'responses', range, { kind: 'filled' })
  const at = first.events[0]?.at ?? 0
  const answer = await askWhy(store, 'responses', { url, at, within: 1 })
  t.match(answer.explained?.ending?.invalidation, { instance: 'console-1', request: { client: 'user:eve' } })
  t.match(written(answer.timeline.at(-1)?.text ?? [], String), /invalidated .* for /)

  const frozen = new Purges({ ...store, namespaces: () => new Promise(() => {}) }, 'console-2')
  const began = performance.now()
  await frozen.record('responses', [{ tags: ['p'], stamp: 1 }], commandFacts('purge', 'me'))
  t.ok(performance.now() - began < 2000, 'the journal delays no purge for long')
  await frozen.close()
})

t.test('times of the command line', async (t) => {
  const now = new Date(2026, 10, 29, 14, 0, 0).getTime()
  t.equal(timeText(timeIn('13:03', now)), '2026-11-29 13:03:00.000')
  t.equal(timeText(timeIn('14:03:07', now)), '2026-11-28 14:03:07.000', 'of yesterday')
  t.equal(timeIn('5m', now), now - 300_000)
  t.equal(timeIn('2d', now), now - 172_800_000)
  t.equal(timeIn('2026-11-29T12:00:00Z', now), Date.UTC(2026, 10, 29, 12))
  for (const text of ['25:00', '12:60', 'x', '2026', '12', '2026-13-40T12:00:00Z', '2026-02-31T12:00:00Z']) {
    t.throws(() => timeIn(text, now), /is not a time/, text)
  }
})
