import cookie from '@fastify/cookie'
import { memoryStore } from '@weir/cache/memory'
import responseCache from '@weir/fastify/response-cache'
import Fastify from 'fastify'
import t from 'tap'
import { isHit, ours } from './cache-status.js'
import { type Answer } from './client.js'
import { stopClock } from './clock.js'
import { type Fields } from './origin.js'
import { proxiedApp } from './proxied-app.js'
import { gate } from './tally.js'
import { twoApps } from './two-apps.js'

const FRESH = { 'cache-control': 'max-age=60' }
const cookiesOf = ({ headers }: Pick<Answer, 'headers'>) => headers['set-cookie']

/** The client's cookies after a miss and after a hit; undefined if there is no hit. */
const CHOICES = [
  ['refuse', ['a=1', 'b=2'], undefined],
  ['strip', ['a=1', 'b=2'], []],
  ['store', ['a=1', 'b=2'], ['a=1', 'b=2']]
] as const

for (const [setCookie, ofMiss, ofHit] of CHOICES) {
  t.test(`RFC 9111 7.3: setCookie: '${setCookie}'`, async (t) => {
    const { origin, get } = await proxiedApp(t, { cache: { setCookie } })
    const bodies = { '/whole': 'text', '/parts': ['te', 'xt'], '/empty': '' }
    for (const [path, body] of Object.entries(bodies)) {
      origin.on(path, { headers: { ...FRESH, 'set-cookie': ofMiss }, body })
      origin.always(path, { headers: { 'cache-control': 'no-store' }, body: 'second' })
      t.strictSame(cookiesOf(await get(path)), ofMiss, path)
      const second = await get(path)
      t.equal(isHit(second), ofHit !== undefined, path)
      if (ofHit !== undefined) t.strictSame(cookiesOf(second) ?? [], ofHit, path)
    }
  })

  t.test(`of two instances, with '${setCookie}'`, async (t) => {
    const [a, b] = await twoApps(t, { cache: { setCookie } })
    a.origin.on(
      '/',
      { headers: { ...FRESH, 'set-cookie': ofMiss }, body: 'text' },
      { headers: { 'cache-control': 'no-store' } }
    )
    await a.get('/')
    const second = await b.get('/')
    t.equal(isHit(second), ofHit !== undefined)
    if (ofHit !== undefined) t.strictSame(cookiesOf(second) ?? [], ofHit)
  })

  t.test(`who waited for it, with '${setCookie}'`, async (t) => {
    const { origin, get, arrived } = await proxiedApp(t, { cache: { setCookie } })
    for (const [path, body] of [['/whole', 'mine'], ['/parts', ['mi', 'ne']]] as const) {
      const begin = gate()
      origin.on(path, { headers: { ...FRESH, 'set-cookie': ofMiss }, body, after: begin.opened })
      origin.always(path, { headers: { 'cache-control': 'no-store' }, body: 'yours' })
      const first = get(path)
      await origin.received(path)
      const others = [get(path), get(path)]
      await arrived(path, 3)
      begin.open()
      t.strictSame(cookiesOf(await first), ofMiss)
      for (const other of await Promise.all(others)) {
        t.match(
          { body: other.body, cookies: cookiesOf(other) ?? [] },
          { body: ofHit === undefined ? 'yours' : 'mine', cookies: ofHit ?? [] },
          path
        )
      }
    }
  })

  t.test(`a 304 with a cookie, with '${setCookie}'`, async (t) => {
    const { origin, get } = await proxiedApp(t, { cache: { setCookie } })
    const fields: Fields = { ...FRESH, etag: '"1"' }
    origin.on(
      '/',
      { headers: fields, body: 'text' },
      { status: 304, headers: { ...fields, 'set-cookie': ofMiss } },
      { headers: fields, body: 'third' }
    )
    await get('/')
    const confirmed = await get('/', { 'cache-control': 'no-cache' })
    t.match(
      { body: confirmed.body, cookies: cookiesOf(confirmed) },
      { body: 'text', cookies: ofMiss }
    )
    const after = await get('/')
    t.match(
      { hit: isHit(after), body: after.body },
      ofHit === undefined ? { hit: false, body: 'third' } : { hit: true, body: 'text' }
    )
    t.strictSame(cookiesOf(after) ?? [], ofHit ?? [])
  })

  t.test(`a refill in the background, with '${setCookie}'`, async (t) => {
    const clock = stopClock(t)
    const { origin, get, answered } = await proxiedApp(t, { cache: { setCookie } })
    const fields: Fields = { 'cache-control': 'max-age=60, stale-while-revalidate=30' }
    origin.on(
      '/',
      { headers: fields, body: 'first' },
      { headers: { ...fields, 'set-cookie': ofMiss }, body: 'second' },
      { headers: fields, body: 'third' }
    )
    await get('/')
    clock.advance(70)
    t.match({ body: (await get('/')).body }, { body: 'first' })
    await answered('/', 3)
    const after = await get('/')
    t.equal(after.body, ofHit === undefined ? 'third' : 'second')
    t.strictSame(cookiesOf(after) ?? [], ofHit ?? [])
  })

  t.test(`a request with a credential, with '${setCookie}'`, async (t) => {
    const { origin, get } = await proxiedApp(t, { cache: { setCookie } })
    origin.on(
      '/',
      { headers: { ...FRESH, 'set-cookie': ofMiss }, body: 'mine' },
      { headers: { 'cache-control': 'no-store' }, body: 'yours' }
    )
    t.match(ours(await get('/', { cookie: 'a=0' })), { detail: 'COOKIE' })
    t.equal((await get('/')).body, 'yours')
  })
}

t.test(
  "RFC 9111 3.2: with 'store' a later Set-Cookie replaces the stored one",
  async (t) => {
    const { origin, get } = await proxiedApp(t, { cache: { setCookie: 'store' } })
    const fields: Fields = { ...FRESH, etag: '"1"' }
    origin.on(
      '/',
      { headers: { ...fields, 'set-cookie': 'a=1' }, body: 'text' },
      { status: 304, headers: { ...fields, 'set-cookie': 'a=2' } },
      { status: 304, headers: fields }
    )
    await get('/')
    for (const cookies of ['a=2', 'a=2']) {
      await get('/', { 'cache-control': 'no-cache' })
      const hit = await get('/')
      t.match({ hit: isHit(hit), cookies: cookiesOf(hit) }, { hit: true, cookies: [cookies] })
    }
  }
)

t.test(
  "a hook's cookie belongs to its client, whatever the route does with its handler's cookies",
  async (t) => {
    for (const setCookie of ['refuse', 'strip', 'store'] as const) {
      for (const how of ['header', 'setCookie'] as const) {
        const app = Fastify()
        t.teardown(() => app.close())
        await app.register(cookie)
        app.addHook('onRequest', async ({ headers }, reply) => {
          const user = headers['x-user']
          if (typeof user !== 'string') return
          if (how === 'header') reply.header('set-cookie', `sid=${user}`)
          else reply.setCookie('sid', user)
        })
        await app.register(responseCache, { store: memoryStore() })
        app.get('/', { config: { cache: { ttl: '1m', setCookie } } }, async (_request, reply) =>
          reply.header('set-cookie', 'theme=1').send('text')
        )
        const get = (user?: string) =>
          app.inject({ url: '/', headers: user === undefined ? {} : { 'x-user': user } })
        const cookies = async (user?: string) =>
          [(await get(user)).headers['set-cookie'] ?? []].flat()

        const name = `${setCookie}, ${how}`
        t.match((await cookies('ann')).sort(), [/^sid=ann/, 'theme=1'], `${name}: a miss`)
        t.notMatch((await cookies()).join(), 'sid', `${name}: no other client gets it`)
        const ofBob = (await cookies('bob')).join()
        t.match(ofBob, 'sid=bob', `${name}: another has its own`)
        t.notMatch(ofBob, 'ann', name)
        t.notMatch((await cookies()).join(), 'sid', `${name}: nor that one`)
      }
    }
  }
)

t.test('RFC 9110 14.4: a Content-Range outside of a 206 is stored', async (t) => {
  const { origin, get } = await proxiedApp(t)
  for (const [i, status] of [200, 404].entries()) {
    const path = `/${i}`
    origin.on(path, { status, headers: { ...FRESH, 'content-range': 'bytes 0-3/9' }, body: 'text' })
    await get(path)
    const hit = await get(path)
    t.match(
      { hit: isHit(hit), status: hit.status, body: hit.body, range: hit.headers['content-range'] },
      { hit: true, status, body: 'text', range: 'bytes 0-3/9' }
    )
  }
  t.match(await get('/0', { range: 'bytes=1-2' }), {
    status: 206,
    body: 'ex',
    headers: { 'content-range': 'bytes 1-2/4' }
  })
})
