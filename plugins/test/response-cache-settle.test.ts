import t from 'tap'
import { cachedApp, gate } from './support/cached-app.js'

/** Returns an outbox whose answers are controlled by the test. */
function steeredOutbox () {
  const { open, opened } = gate()
  const asked = gate()
  const calls: (readonly string[])[] = []
  return {
    calls,
    open,
    asked: asked.opened,
    async settle (tags: readonly string[]) {
      calls.push(tags)
      asked.open()
      await opened
    }
  }
}

t.test('a computed response is neither stored nor sent before its invalidations are delivered', async (t) => {
  const outbox = steeredOutbox()
  const app = await cachedApp(t, { outbox })
  app.get('/x', { config: { cache: { ttl: '60s', tags: ['tag'] } } }, async () => 'x')

  let sent = false
  const first = app.inject('/x').then((response) => {
    sent = true
    return response
  })
  await outbox.asked
  t.notOk(sent)
  t.notOk(await app.responseCache.cache.has('http://shop.test/x'))
  const waiting = app.inject('/x')
  outbox.open()
  t.match((await first).headers['cache-status'], /stored/)
  t.match((await waiting).headers['cache-status'], /collapsed|hit/)
  t.strictSame(
    outbox.calls,
    [['tag', '\u0001http://shop.test/x']],
    'with the tag of its URI; hits need nothing more'
  )
})

t.test(
  'one of several variants waits for the tag of its URI and that of its key',
  async (t) => {
    const outbox = steeredOutbox()
    outbox.open()
    const app = await cachedApp(t, { outbox })
    app.get('/x', { config: { cache: { ttl: '60s', vary: ['accept'] } } }, async () => 'x')
    await app.inject({ url: '/x', headers: { accept: 'text/plain' } })
    t.strictSame(outbox.calls, [
      ['\u0001http://shop.test/x', '\u0001http://shop.test/x\naccept:text/plain']
    ])
  }
)

t.test(
  'it waits for the URI, and the path with which a write invalidates entries of No-Vary-Search',
  async (t) => {
    const outbox = steeredOutbox()
    outbox.open()
    const app = await cachedApp(t, { outbox })
    app.get('/x', { config: { cache: { ttl: '60s' } } }, async (_request, reply) =>
      reply.header('no-vary-search', 'params=("utm")').send('x')
    )
    await app.inject('/x?a=1&utm=1')
    const [tags = []] = outbox.calls
    t.ok(tags.includes('\u0001http://shop.test/x?a=1&utm=1'))
    for (const tag of app.responseCache.uriTags('http://shop.test', '/x?b').slice(1, -1)) {
      t.ok(tags.includes(tag), tag)
    }
  }
)

t.test('unstored responses wait too, errors do not', async (t) => {
  const outbox = steeredOutbox()
  outbox.open()
  const app = await cachedApp(t, { outbox })
  app.get('/gone', { config: { cache: { ttl: '60s', tags: ['tag'] } } }, async (_request, reply) =>
    reply.code(404).send('x')
  )
  app.get(
    '/failed',
    { config: { cache: { ttl: '60s', tags: ['tag'] } } },
    async (_request, reply) => reply.code(500).send('x')
  )
  await app.inject('/gone')
  t.equal(outbox.calls.length, 1)
  await app.inject('/failed')
  t.equal(outbox.calls.length, 1)
})

t.test('an outbox that fails: the response is served, not stored, and not an error', async (t) => {
  const app = await cachedApp(t, { outbox: { settle: async () => { throw new Error('gone') } } })
  let runs = 0
  app.get('/x', { config: { cache: { ttl: '60s' } } }, async () => `${++runs}`)
  for (const run of ['1', '2']) {
    const response = await app.inject('/x')
    t.equal(response.statusCode, 200)
    t.equal(response.body, run)
    t.equal(response.headers['cache-status'], 'weir; fwd=uri-miss; detail=UNSETTLED')
  }
})
