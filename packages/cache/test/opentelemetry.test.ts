import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { startRedis } from '@weir/internal/testing'
import t from 'tap'
import { createCache } from '../src/index.js'
import { instrumentCache } from '../src/opentelemetry/index.js'
import { memoryStore } from '../src/stores/memory.js'
import { redisStore } from '../src/stores/redis/index.js'
import { fakeClock, testStore } from '../src/testing/index.js'
import { gate, gatedFn, mustNotRun } from './gate.js'
import { inSpan, instrumented, named, points, spans, the } from './recorded.js'

const OPTIONS = { ttl: '1m', tags: ['tag'] } as const

t.test(
  'a fill\'s function and store calls run within its span',
  async (t) => {
    instrumented(t)
    const cache = createCache<string>({ store: testStore(), namespace: 'n' })
    await inSpan('request', () =>
      cache.remember('key', OPTIONS, () =>
        inSpan('query', async () => {
          await new Promise((resolve) => {
            setImmediate(resolve)
          })
          return 'value'
        })
      )
    )
    const fill = the('fill n')
    t.equal(fill.parentSpanContext?.spanId, the('request').spanContext().spanId)
    t.equal(the('claim n').parentSpanContext?.spanId, the('request').spanContext().spanId)
    t.equal(the('query').parentSpanContext?.spanId, fill.spanContext().spanId)
    t.equal(the('set n').parentSpanContext?.spanId, fill.spanContext().spanId)
    t.match(fill.attributes, {
      'weir.cache.namespace': 'n',
      'weir.cache.fill.outcome': 'stored',
      'weir.cache.fill.background': false,
      'weir.cache.fill.cost': Number
    })
    t.equal(fill.instrumentationScope.name, '@weir/cache')
  }
)

t.test('a caller waiting for another caller\'s fill has a span linked to it', async (t) => {
  instrumented(t)
  const cache = createCache<string>({ store: testStore(), namespace: 'n' })
  const { fn, started, end } = gatedFn<string>()
  const first = inSpan('first', () => cache.remember('key', OPTIONS, fn))
  // One arrives before the fill has begun, and one after.
  const second = inSpan('second', () => cache.remember('key', OPTIONS, fn))
  await started
  const third = inSpan('third', () => cache.remember('key', OPTIONS, fn))
  end('value')
  await Promise.all([first, second, third])
  const fill = the('fill n').spanContext()
  const waits = named('wait n')
  t.equal(waits.length, 2)
  for (const [i, caller] of ['second', 'third'].entries()) {
    t.equal(waits[i]?.parentSpanContext?.spanId, the(caller).spanContext().spanId)
    t.strictSame(waits[i]?.links.map(({ context }) => context.spanId), [fill.spanId])
  }
})

t.test('fills nest like their functions, and fills of other callers are separate', async (t) => {
  instrumented(t)
  const [outer, inner] = ['outer', 'inner'].map((namespace) =>
    createCache<string>({ store: testStore(), namespace })
  )
  if (outer === undefined || inner === undefined) throw new Error('there are two')
  await Promise.all(
    ['1', '2', '3'].map((key) =>
      inSpan(`request ${key}`, () =>
        outer.remember(key, OPTIONS, () =>
          inner.remember(key, OPTIONS, () => inSpan(`query ${key}`, async () => key))
        )
      )
    )
  )
  for (const key of ['1', '2', '3']) {
    const chain: string[] = []
    for (let id: string | undefined = the(`query ${key}`).spanContext().spanId; id !== undefined;) {
      const span = spans().find((span) => span.spanContext().spanId === id)
      chain.push(span?.name ?? 'unknown')
      id = span?.parentSpanContext?.spanId
    }
    t.strictSame(chain, [`query ${key}`, 'fill inner', 'fill outer', `request ${key}`])
  }
})

t.test(
  'a background fill has its own trace, linked to its caller\'s',
  async (t) => {
    const clock = fakeClock()
    t.teardown(() => {
      clock.restore()
    })
    instrumented(t)
    const cache = createCache<string>({ store: testStore(), namespace: 'n' })
    const options = { ttl: '1m', staleWhileRevalidate: '1h' } as const
    await cache.set('key', 'old', options)
    await clock.advance('2m')
    const { fn, started, end } = gatedFn<string>()
    t.equal(
      await inSpan('request', () => cache.remember('key', options, () => inSpan('query', fn))),
      'old'
    )
    await started
    const request = the('request').spanContext()
    end('new')
    t.ok(await cache.idle())
    const fill = the('fill n')
    t.equal(fill.parentSpanContext, undefined)
    t.not(fill.spanContext().traceId, request.traceId)
    t.strictSame(
      fill.links.map(({ context }) => context.spanId),
      [request.spanId]
    )
    t.equal(the('query').parentSpanContext?.spanId, fill.spanContext().spanId)
    t.equal(fill.attributes['weir.cache.fill.background'], true)
  }
)

t.test(
  'a wait for another instance\'s fill is recorded as such, and linked to that fill',
  async (t) => {
    const { port } = await startRedis(t)
    const [one, two] = [1, 2].map(() => {
      const store = redisStore({ url: `redis://127.0.0.1:${port}` })
      t.teardown(() => store.close())
      return createCache<string>({ store, namespace: 'n' })
    })
    if (one === undefined || two === undefined) throw new Error('there are two')
    instrumented(t)
    const { fn, started, end } = gatedFn<string>()
    const value = inSpan('here', () => one.remember('key', OPTIONS, fn))
    await started
    const other = inSpan('there', () => two.remember('key', OPTIONS, mustNotRun))
    while (named('claim n').length < 2) {
      await new Promise((resolve) => {
        setImmediate(resolve)
      })
    }
    end('value')
    t.strictSame(await Promise.all([value, other]), ['value', 'value'])
    const wait = the('wait n')
    t.match(wait, { attributes: { 'weir.cache.wait.elsewhere': true } })
    t.strictSame(
      wait.links.map(({ context }) => [context.spanId, context.isRemote]),
      [[the('fill n').spanContext().spanId, true]]
    )
    t.match(the('set n'), {
      kind: SpanKind.CLIENT,
      attributes: { 'db.system.name': 'redis', 'db.operation.name': 'set' }
    })
    t.equal(wait.parentSpanContext?.spanId, the('there').spanContext().spanId)
    t.equal(the('fill n').parentSpanContext?.spanId, the('here').spanContext().spanId)
  }
)

t.test('a store call without a recorded span around it has none', async (t) => {
  instrumented(t)
  const cache = createCache<string>({ store: testStore(), namespace: 'n' })
  await cache.get('key')
  t.strictSame(spans(), [])
  await inSpan('request', () => cache.get('key'))
  t.strictSame(spans().map(({ name }) => name), ['get n', 'request'])
})

t.test('each outcome of a fill is recorded, and so are errors', async (t) => {
  instrumented(t)
  const store = testStore()
  const cache = createCache<string>({ store, namespace: 'n', fillTimeout: 20 })
  const failure = Object.assign(new Error('no rows'), { code: 'E_ROWS' })
  await cache.remember('a', OPTIONS, () => 'value')
  await cache.remember('b', { ttl: 0 }, () => 'value')
  await cache.remember('c', OPTIONS, async () => {
    await cache.invalidate(['tag'])
    return 'value'
  })
  store.before.set = () => { throw new TypeError('full') }
  await cache.remember('d', OPTIONS, () => 'value')
  store.restore()
  await t.rejects(cache.remember('e', OPTIONS, () => { throw failure }), failure)
  await t.rejects(cache.remember('f', OPTIONS, async () => { throw failure }), failure)
  for (const end of ['abandon', 'withdraw'] as const) {
    const fill = await cache.acquire(end, {})
    if (!('run' in fill)) throw new Error('it is a fill')
    fill.run(() => {})
    fill[end]()
    fill[end]()
  }
  t.strictSame(named('fill n').map(({ attributes }) => attributes['weir.cache.fill.outcome']),
    ['stored', 'transient', 'invalid', 'failed', 'error', 'error', 'unshared', 'own'])
  for (const span of named('fill n').slice(4, 6)) {
    t.match(span, {
      status: { code: SpanStatusCode.ERROR },
      attributes: { 'error.type': 'E_ROWS' }
    })
    t.notMatch(JSON.stringify([span.status, span.events]), /no rows/, 'messages may be secret')
  }
  t.match(
    named('set n')
      .filter(({ status }) => status.code === SpanStatusCode.ERROR)
      .map(({ attributes }) => attributes),
    [{ 'error.type': 'TypeError' }]
  )
})

t.test(
  'the span of a fill that never ends ends after fillTimeout, even if the fill continues',
  async (t) => {
    const clock = fakeClock()
    t.teardown(() => {
      clock.restore()
    })
    instrumented(t)
    const cache = createCache<string>({ store: testStore(), namespace: 'n', fillTimeout: '10s' })
    const { fn, started, end } = gatedFn<string>()
    const late = cache.remember('key', OPTIONS, fn)
    await started
    // A fill without a flight.
    const beside = await cache.acquire('own', { beside: true })
    if (!('run' in beside)) throw new Error('it is a fill')
    beside.run(() => {})
    await clock.advance(9999)
    t.equal(named('fill n').length, 0)
    await clock.advance(1)
    t.match(
      named('fill n').map(({ attributes }) => attributes),
      [1, 2].map(() => ({
        'weir.cache.fill.outcome': 'timeout',
        'error.type': 'timeout'
      }))
    )
    end('value')
    t.equal(await late, 'value')
    beside.fail()
    t.equal(named('fill n').length, 2, 'once')
  }
)

t.test('keys and tags are recorded only with the option, also in errors', async (t) => {
  const work = async () => {
    const cache = createCache<unknown>({
      store: testStore({ judgesLocally: false }),
      namespace: 'n'
    })
    await cache.remember('secret-key', { ttl: '1m', tags: ['secret-tag'] }, () => 'value')
    await cache.get('secret-key')
    await cache.set('secret-key', 'value', OPTIONS)
    await cache.invalidate(['secret-tag'])
    await t.rejects(
      cache.remember('secret-slow', { ttl: '1m', hardTimeout: 1 }, () => gate<string>().opened),
      { code: 'WEIR_CACHE_FILL_TIMEOUT' }
    )
    await t.rejects(
      cache.remember('secret-odd', OPTIONS, () => () => {}),
      { code: 'WEIR_CACHE_UNSERIALIZABLE' }
    )
    await t.rejects(
      cache.remember('secret-own', OPTIONS, () => cache.remember('secret-own', OPTIONS, () => 1))
    )
    const told = spans().map(({ name, attributes, events, status, links }) => ({
      name,
      attributes,
      events,
      status,
      links
    }))
    return JSON.stringify([told, Object.keys(await points())])
  }
  const stop = instrumented(t)
  const without = await work()
  t.match(without, /WEIR_CACHE_FILL_TIMEOUT/)
  t.notMatch(without, /secret/)
  stop()
  instrumented(t, { keys: true })
  t.match(await work(), /"weir.cache.keys":\["secret-key"\][^]*"weir.cache.tags":\["secret-tag"\]/)
})

t.test(
  'hits are counted by tier, with misses, errors, fills and the memory of each namespace',
  async (t) => {
    const clock = fakeClock()
    t.teardown(() => {
      clock.restore()
    })
    instrumented(t)
    const store = testStore()
    const caches = [1, 2].map(() => createCache<string>({ store, namespace: 'counted' }))
    const [a, b] = caches
    if (a === undefined || b === undefined) throw new Error('there are two')
    const options = { ttl: '1m', staleWhileRevalidate: '1h' } as const
    const { fn, started, end } = gatedFn<string>()
    const both = [a.remember('key', options, fn), a.remember('key', options, fn)]
    await started
    end('value')
    await Promise.all(both)
    await a.get('key')
    await a.get('key')
    await b.get('key')
    await b.get('none')
    await clock.advance('2m')
    await a.remember('key', options, () => {
      throw new RangeError('no')
    })
    t.ok(await a.idle())
    // The SDK has its own timeouts.
    clock.restore()
    t.strictSame(
      Object.fromEntries(
        Object.entries(await points()).filter(([name]) => name.includes('=counted'))
      ),
      {
        'weir.cache.hits namespace=counted tier=coalesced stale=false': 1,
        'weir.cache.hits namespace=counted tier=l1 stale=false': 2,
        'weir.cache.hits namespace=counted tier=l2 stale=false': 1,
        'weir.cache.hits namespace=counted tier=l1 stale=true': 1,
        'weir.cache.misses namespace=counted': 3,
        'weir.cache.errors namespace=counted operation=fill error.type=RangeError': 1,
        'weir.cache.fill.duration namespace=counted fill.outcome=stored fill.background=false': 1,
        'weir.cache.fill.duration namespace=counted fill.outcome=error fill.background=true error.type=RangeError': 1,
        'weir.cache.memory.entries namespace=counted': 2,
        'weir.cache.memory.size namespace=counted': a.stats().l1.bytes + b.stats().l1.bytes
      }
    )
  }
)

t.test('nothing is recorded after the stop, including work in progress', async (t) => {
  const stop = instrumented(t)
  t.throws(() => instrumentCache(), { code: 'WEIR_CACHE_INVALID_OPTION', message: /already/ })
  const cache = createCache<string>({ store: memoryStore(), namespace: 'stopped' })
  const { fn, started, end } = gatedFn<string>()
  const value = cache.remember('key', OPTIONS, fn)
  await started
  await points()
  const before = spans().length
  stop()
  stop()
  end('value')
  await value
  await cache.get('key')
  await cache.remember('other', OPTIONS, () => 'value')
  t.equal(spans().length, before)
  t.strictSame(
    Object.keys(await points()).filter((name) =>
      /(?:hits|misses|fill|memory).*=stopped/.test(name)
    ),
    []
  )
  instrumentCache()()
  // @ts-expect-error: what plain JavaScript may give
  t.throws(() => instrumentCache({ keys: 'yes' }), {
    code: 'WEIR_CACHE_INVALID_OPTION',
    message: /keys 'yes'/
  })
})
