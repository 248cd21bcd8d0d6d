import { Writable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { redisStore } from '@weir/cache/redis'
import { createEdge, EdgeError } from '@weir/edge'
import edgePlugin from '@weir/fastify/edge'
import observability from '@weir/fastify/observability'
import responseCache from '@weir/fastify/response-cache'
import { startRedis } from '@weir/internal/testing'
import { type EdgeState, type InstanceState, memoryStore } from '@weir/metrics'
import { redisStore as redisMetrics } from '@weir/metrics/redis'
import { fastify } from 'fastify'
import t, { type Test } from 'tap'
import { dispatch } from '../src/cli/dispatch.js'
import { edgesOf } from '../src/edge/edges.js'
import consolePlugin, { type Action } from '../src/index.js'
import { state } from './support/records.js'
import { SteeredStore } from './support/steered-store.js'

const reported = (
  instance: string, edge: Partial<EdgeState>, more: Partial<InstanceState> = {}
): InstanceState => state(Date.now(), {
  run: instance,
  service: 'shop',
  instance,
  edge: { isShared: true, destinations: [], letters: [], ...edge },
  ...more
})
const cdn = {
  destination: 'cdn', pending: 2, oldestMs: 50, dead: 1, confirmed: 5, failed: 1, state: 'ok'
} as const
const letter = { destination: 'cdn', id: '1', tag: 'a', error: 'no', died: '2026-01-01T00:00:00.000Z' }

t.test('backlog and letters that instances share count once, their own add up', async (t) => {
  const shared = [1, 2].map((n) => reported(`s${n}`, { destinations: [cdn], letters: [letter] }, { at: n }))
  t.match(edgesOf(shared), [{
    service: 'shop',
    destinations: [{ pending: 2, oldestMs: 50, dead: 1, confirmed: 10, failed: 2, state: 'ok', error: null }],
    letters: [{ id: '1', instance: null }]
  }])
  t.equal(edgesOf(shared)[0]?.letters.length, 1)
  const failing = { ...cdn, oldestMs: 70, state: 'failing', error: 'down' } as const
  const own = [cdn, failing].map((one, n) =>
    reported(`o${n}`, { isShared: false, destinations: [one], letters: [letter] }))
  t.match(edgesOf(own), [{
    destinations: [{ pending: 4, oldestMs: 70, dead: 2, state: 'failing', error: 'down' }],
    letters: [{ instance: 'o0' }, { instance: 'o1' }]
  }])
  t.strictSame(edgesOf([state(Date.now(), {})]), [])
})

const server = await startRedis(t)

/** An instance with an edge, and a console in another application: only Redis is between them. */
async function world (t: Test, allowed: readonly Action[] = ['view', 'inspect', 'invalidate']) {
  await (await server.connect()).flushall()
  const purged: string[] = []
  let error: Error | undefined
  const edge = createEdge({
    destinations: [{
      name: 'cdn',
      wait: true,
      async purge (tags) {
        if (error !== undefined) throw error
        purged.push(...tags)
      }
    }],
    handover: 0,
    pollInterval: 10
  })
  const [service, console] = [fastify(), fastify()]
  const [metrics, theirs] = [redisMetrics({ url: server.url }), redisMetrics({ url: server.url })]
  const [store, caches] = [redisStore({ url: server.url }), redisStore({ url: server.url })]
  await service.register(observability, { store: metrics, service: 'shop', instance: 'shop-1' })
  await service.register(edgePlugin, { edge })
  await service.register(responseCache, { store, name: 'shop-1', origin: 'http://shop' })
  service.get('/', { config: { cache: { ttl: '1h', tags: ['a'] } } }, async () => ({}))
  await service.ready()
  await service.inject('/')
  await console.register(consolePlugin, {
    store: theirs, cache: caches, authorize: (_request, action) => allowed.includes(action)
  })
  t.teardown(async () => {
    await Promise.all([service.close(), console.close()])
    for (const one of [metrics, theirs, store, caches]) await one.close()
  })
  const post = async (path: string, payload: object) => {
    const { statusCode, body } = await console.inject({ method: 'POST', url: path, payload })
    return { status: statusCode, body: JSON.parse(body) as Record<string, unknown> }
  }
  const until = async (isTrue: (body: string) => boolean) => {
    for (;;) {
      const { body } = await console.inject('/api/stats/edge')
      if (isTrue(body)) return JSON.parse(body) as { services: { letters: typeof letter[] }[] }
      await wait(50)
    }
  }
  return { edge, purged, post, until, fail: (given?: Error) => { error = given } }
}

/** Runs `weir` on the Redis of the tests. */
async function weir (...args: string[]) {
  const texts = ['', '']
  const [stdout, stderr] = [0, 1].map((place) => new Writable({
    write (chunk: Buffer, _encoding, done) {
      texts[place] += chunk.toString()
      done()
    }
  }))
  if (stdout === undefined || stderr === undefined) throw new Error('two streams')
  const env = { REDIS_URL: server.url }
  const signal = AbortSignal.timeout(60_000)
  const code = await dispatch(args, { stdout, stderr, env, isTTY: false, signal })
  return { code, out: texts[0] ?? '', err: texts[1] ?? '' }
}

t.test('what the console and weir invalidate is purged at the edge', async (t) => {
  const { purged, post, until } = await world(t)
  await until((body) => body.includes('"cdn"'))
  t.match(await post('/api/stats/invalidations', { namespace: 'responses', tags: ['a'], keys: ['k'] }), {
    status: 200, body: { edge: [{ service: 'shop', done: true }] }
  })
  t.strictSame(purged.length, 2)
  t.equal(purged[0], 'a')
  t.match(await post('/api/stats/invalidations', { namespace: 'other', tags: ['a'] }), {
    status: 200, body: { edge: [] }
  }, 'an edge has the responses of one namespace')
  const { code, out } = await weir('purge', '--tag', 'b')
  t.match([code, out], [0, /caches at the edge of shop are being purged by one of its instances/])
  t.ok(purged.includes('b'))
})

t.test('dead letters are listed, delivered again and discarded', async (t) => {
  const { edge, purged, post, until, fail } = await world(t)
  fail(new EdgeError('WEIR_EDGE_REFUSED', 'cdn answered 401', { status: 401 }))
  await edge.invalidate(['a', 'b', 'c'], async () => {}, { isBounded: true })
  const listed = await until((body) => body.includes('"tag":"c"'))
  t.match(listed, {
    services: [{
      service: 'shop',
      destinations: [{ destination: 'cdn', state: 'failing', pending: 0, dead: 3, error: /401/ }],
      letters: [{ destination: 'cdn', tag: 'a', error: /cdn answered 401/, instance: 'shop-1' }]
    }]
  })
  fail()
  const [a, b] = (listed.services[0]?.letters ?? []).map(({ destination, id }) =>
    ({ destination, id, instance: 'shop-1' }))
  const ask = (action: string, letters: unknown, service = 'shop') =>
    post('/api/stats/edge/letters', { service, action, letters })
  t.match(await ask('retry', [a]), { status: 200, body: { done: true } })
  t.match(await ask('discard', [b]), { status: 200, body: { done: true } })
  await until((body) => !body.includes('"tag":"b"'))
  t.strictSame(purged, ['a'])
  t.match(await ask('retry', [a], 'none'), { status: 404, body: { code: 'CONSOLE_ERR_NO_EDGE' } })
  t.match(await ask('retry', []), { status: 400 })

  t.match((await weir('edge')).out, /shop +cdn +ok +0 +- +1 +-\n\nDead letters:\n.*\n.*shop +cdn +c +/)
  t.match((await weir('edge', '--retry', '--destination', 'cdn')).out, /Asked to retry:/)
  await until((body) => !body.includes('"tag":"c"'))
  t.ok(purged.includes('c'))
  t.match(JSON.parse((await weir('edge', '--json')).out), { services: [{ service: 'shop', letters: [] }] })
  t.match((await weir('edge', '--service', 'none')).out, 'No live instance reports an edge.')
  t.match(await weir('edge', '--retry', '--discard'), { code: 2, err: /exclude each other/ })
})

t.test('a request that no instance takes says so, and stays', async (t) => {
  const store = redisMetrics({ url: server.url })
  const caches = redisStore({ url: server.url })
  await (await server.connect()).flushall()
  const announced = { namespace: 'responses', cacheAdmin: [], demos: {}, routes: [] }
  await store.write(reported('shop-1', { destinations: [cdn], letters: [letter] }, { announced }), [])
  await caches.namespace('responses').validity.invalidate(['x'], 'bounded')
  t.teardown(async () => { await Promise.all([store.close(), caches.close()]) })
  t.match(await weir('edge', '--discard'), { code: 1, err: /no instance of shop has taken/i })
  t.match((await weir('purge', '--tag', 'x')).out, /edge of shop may serve them still/)
})

t.test('clients may look, and need a permission to act', async (t) => {
  const { post, until } = await world(t, ['view'])
  await until((body) => body.includes('"cdn"'))
  const payload = { service: 'shop', action: 'retry', letters: [{ destination: 'cdn', id: '1', instance: null }] }
  t.match(await post('/api/stats/edge/letters', payload), {
    status: 403, body: { code: 'CONSOLE_ERR_FORBIDDEN' }
  })
})

t.test('stores that take no requests, or do not answer', async (t) => {
  const ask = async (store: SteeredStore | ReturnType<typeof memoryStore>) => {
    const app = fastify()
    t.teardown(() => app.close())
    await app.register(consolePlugin, { store, authorize: () => true })
    await app.ready()
    while (!(await app.inject('/api/stats/edge')).body.includes('"cdn"')) await wait(20)
    const { statusCode, body } = await app.inject({
      method: 'POST',
      url: '/api/stats/edge/letters',
      payload: { service: 'shop', action: 'retry', letters: [{ destination: 'cdn', id: '1', instance: null }] }
    })
    return [statusCode, (JSON.parse(body) as { code: string }).code]
  }
  const steered = new SteeredStore()
  steered.states = [reported('shop-1', { destinations: [cdn] })]
  t.strictSame(await ask(steered), [501, 'CONSOLE_ERR_NO_REQUESTS'])
  const memory = memoryStore()
  await memory.write(reported('shop-1', { destinations: [cdn] }), [])
  const requests = {
    ...memory.requests, send: async () => { throw new Error('gone') }
  }
  t.strictSame(await ask(Object.assign(memory, { requests })), [503, 'CONSOLE_ERR_NOT_REQUESTED'])
})
