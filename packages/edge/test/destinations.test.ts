import t, { type Test } from 'tap'
import {
  cloudflare,
  type EdgeDestination,
  EdgeError,
  edgeFields,
  edgeTag,
  fastly,
  nginx,
  region,
  varnish
} from '../src/index.js'
import { refusalOf } from '../src/ask.js'
import { Bucket } from '../src/bucket.js'
import { Sender } from '../src/sender.js'
import { type Call, startApi } from './api.js'

const TOKEN = 'token-of-the-test'
const tags = (many: number) => Array.from({ length: many }, (_, i) => `product:${i}`)

function senderFor (t: Test, destination: EdgeDestination): Sender {
  const sender = new Sender(destination)
  t.teardown(() => { sender.stop() })
  return sender
}

/** Fastly's documented answer: the ID of a purge for each key. */
const purged = ({ body }: Pick<Call, 'body'>) => ({
  status: 200,
  body: Object.fromEntries((body as { surrogate_keys: string[] }).surrogate_keys.map((key) => [key, '1-2']))
})

t.test('Fastly: keys in batches of 256, with the token and the kind of purge', async (t) => {
  const api = await startApi(t, purged)
  const destination = fastly({ service: 'SU1Z0isx', token: TOKEN, api: api.url, soft: true })
  await senderFor(t, destination).send([...tags(300), 'größe, rot'])
  t.strictSame(api.calls.map(({ method, url, headers }) => [
    method, url, headers['fastly-key'], headers['fastly-soft-purge'], headers['content-type']
  ]), Array.from({ length: 2 }, () =>
    ['POST', '/service/SU1Z0isx/purge', TOKEN, '1', 'application/json']))
  const sent = api.calls.map(({ body }) => (body as { surrogate_keys: string[] }).surrogate_keys)
  t.strictSame(sent.map(({ length }) => length).sort(), [256, 45])
  t.strictSame(sent.flat().sort(), [...tags(300), edgeTag('größe, rot')].sort())
})

t.test('Fastly: a 200 without the ID of a purge for each key confirms nothing', async (t) => {
  let answer: unknown
  const api = await startApi(t, () => ({ status: 200, body: answer }))
  const destination = fastly({ service: 'S1', token: TOKEN, api: api.url })
  const purge = (keys: readonly string[]) =>
    destination.purge(keys, { signal: AbortSignal.timeout(5000) })
  for (const given of [
    undefined, '<html>', null, true, 7, [], ['a', 'b'], {}, { success: false }, { status: 'ok' },
    { a: '1-2' }, { a: '1-2', b: null }, { a: '1-2', b: 2 }, { a: '1-2', b: { id: '1-2' } }
  ]) {
    answer = given
    await t.rejects(purge(['a', 'b']),
      { code: 'WEIR_EDGE_UNREACHABLE', status: 200, isPermanent: false }, JSON.stringify(given))
  }
  answer = {}
  await t.rejects(purge(['toString']), { code: 'WEIR_EDGE_UNREACHABLE' }, 'no key of its own')
  answer = { a: '1-2', b: '1-3', more: 1 }
  await purge(['a', 'b'])
})

t.test('Cloudflare: tags in batches of 100, whose success is in the body', async (t) => {
  let success = true
  const api = await startApi(t, () => ({
    status: 200, body: { success, errors: [], messages: [], result: { id: 'zone' } }
  }))
  const account = { zone: '023e105f', token: TOKEN, api: api.url } as const
  const destination = cloudflare({ ...account, plan: 'enterprise' })
  const sender = senderFor(t, destination)
  await sender.send(tags(150))
  t.strictSame(api.calls.map(({ method, url, headers: { authorization } }) =>
    [method, url, authorization]),
  Array.from({ length: 2 }, () => ['POST', '/zones/023e105f/purge_cache', `Bearer ${TOKEN}`]))
  const sent = api.calls.flatMap(({ body }) => (body as { tags: string[] }).tags)
  t.strictSame(sent.sort(), tags(150).sort())
  success = false
  await t.rejects(sender.send(['a']), { code: 'WEIR_EDGE_REFUSED' })
})

t.test('limits: no call before the destination allows it', async (t) => {
  for (const [what, headers] of [
    ['Retry-After', () => ({ 'retry-after': '1' })],
    ["Fastly's reset", () => ({
      'fastly-ratelimit-reset': String(Math.ceil(Date.now() / 1000) + 1)
    })]
  ] as const) {
    let isLimited = true
    const api = await startApi(t, (call) => {
      const answer = isLimited ? { status: 429, headers: headers() } : purged(call)
      isLimited = false
      return answer
    })
    const began = Date.now()
    await senderFor(t, fastly({ service: 'S1', token: TOKEN, api: api.url })).send(['a'])
    t.equal(api.calls.length, 2)
    const waited = Date.now() - began
    t.ok(waited >= 900 && waited < 5000, `${what}: ${waited} ms`)
  }
})

t.test('Retry-After of any form means a wait within bounds', async (t) => {
  const hour = 3_600_000
  /** Returns how long calls wait after an answer, in ms. */
  const waitAfter = (status: number, after: string, more: Record<string, string> = {}) => {
    const { retryAfter } = refusalOf('cdn', {
      status, headers: { 'retry-after': after, ...more }, body: ''
    })
    const bucket = new Bucket(undefined)
    if (retryAfter !== undefined) bucket.pause(retryAfter)
    return { retryAfter, wait: Math.max(0, bucket.delay()) }
  }
  const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
  /** The three forms of an HTTP date. */
  const dates = (at: Date) => {
    const [day = '', date = '', month = '', year = '', time = ''] = at.toUTCString().split(/,? /)
    return [
      at.toUTCString(),
      `${days[at.getUTCDay()]}, ${date}-${month}-${year.slice(2)} ${time} GMT`,
      `${day} ${month} ${date.replace(/^0/, ' ')} ${time} ${year}`
    ]
  }
  const near = (found: number, expected: number, what: string) => {
    t.ok(Math.abs(found - expected) < 2500, `${what}: ${found} ms, not ${expected}`)
  }
  for (const status of [429, 503]) {
    for (const seconds of [0, 1, 59, 3599, 3600, 86_400, 1e15]) {
      near(waitAfter(status, String(seconds)).wait, Math.min(hour, seconds * 1000), String(seconds))
      if (seconds < 1e7) {
        for (const date of dates(new Date(Date.now() + seconds * 1000))) {
          near(waitAfter(status, date).wait, Math.min(hour, seconds * 1000), date)
        }
      }
      for (const date of dates(new Date(Date.now() - Math.min(seconds, 1e8) * 1000))) {
        near(waitAfter(status, date).wait, 0, date)
      }
    }
    near(waitAfter(status, '1.5').wait, 1500, 'a fraction')
    near(waitAfter(status, '9'.repeat(400)).wait, hour, 'a number without end')
    near(waitAfter(status, 'Fri, 31 Dec 9999 23:59:59 GMT').wait, hour, 'the last date')
    // No statement: the usual pauses, or Fastly's reset.
    const garbage = [
      '', ' ', '-1', '-0.5', '+5', '1e9', '0x10', 'Infinity', 'NaN', 'soon', '1, 2', '5 seconds', '2001-01-01',
      '12:00', 'Monday', 'Sun, 99 Foo 2099 99:99:99 GMT', '\u00bd', 'null', '1.', '.5',
      ...Array.from({ length: 200 }, (_, i) => randomText(i))
    ]
    for (const text of garbage) {
      const { retryAfter } = waitAfter(status, text)
      t.equal(retryAfter, undefined, JSON.stringify(text))
      const reset = String(Math.ceil(Date.now() / 1000) + 30)
      near(waitAfter(status, text, { 'fastly-ratelimit-reset': reset }).wait, 30_000, 'reset')
    }
  }
  // Errors of a destination of one's own have any number.
  for (const ms of [NaN, Infinity, -Infinity, -1, Number.MAX_VALUE]) {
    const bucket = new Bucket(undefined)
    bucket.pause(ms)
    t.ok(bucket.delay() <= hour, String(ms))
    if (!(ms > 0)) t.ok(bucket.delay() <= 0, String(ms))
  }
  let calls = 0
  const odd = [NaN, -Infinity]
  await senderFor(t, {
    name: 'own',
    async purge () {
      const retryAfter = odd[calls++]
      if (retryAfter !== undefined) throw new EdgeError('WEIR_EDGE_LIMITED', 'own', { retryAfter })
    }
  }).send(['a'])
  t.equal(calls, 3)
})

/** Text that is neither a number nor a date, the same each time. */
function randomText (seed: number): string {
  const letters = ' -+.,:;/\\"eExX%_GMT0123456789abcdeé'
  let state = seed + 1
  const text = Array.from({ length: 1 + seed % 30 }, () => {
    state = (state * 48_271) % 2_147_483_647
    return letters[state % letters.length]
  }).join('')
  return `-${text}`
}

t.test('a rate is kept by a bucket of tokens', async (t) => {
  const at: number[] = []
  const sender = senderFor(t, {
    name: 'slow',
    maxTags: 1,
    limit: { calls: 2, per: 200 },
    purge: async () => { at.push(performance.now()) }
  })
  await sender.send(tags(6))
  const between = (at.at(-1) ?? 0) - (at[0] ?? 0)
  t.ok(between >= 350, `6 calls, 2 at once and one each 100 ms: ${between}`)
})

t.test('a failed call is repeated, a refusal is not, and a late one counts as failed', async (t) => {
  const answers = [undefined, { status: 503 }, purged({ body: { surrogate_keys: ['a'] } })]
  const api = await startApi(t, () => answers.shift())
  const destination = { ...fastly({ service: 'S1', token: TOKEN, api: api.url }), timeout: 100 }
  await senderFor(t, destination).send(['a'])
  t.equal(api.calls.length, 3)
  for (const status of [400, 401, 403]) {
    const refusing = await startApi(t, () => ({ status, body: { msg: 'no' } }))
    await t.rejects(
      senderFor(t, fastly({ service: 'S1', token: TOKEN, api: refusing.url })).send(['a']),
      { code: 'WEIR_EDGE_REFUSED', status, message: /answered \d+: \{"msg":"no"\}/ }
    )
    t.equal(refusing.calls.length, 1, String(status))
  }
})

t.test('concurrent purges share calls, but none that has begun', async (t) => {
  const calls: string[][] = []
  let go = () => {}
  const sender = senderFor(t, {
    name: 'one',
    concurrency: 1,
    purge: (tags) => {
      calls.push([...tags])
      return new Promise((resolve) => { go = resolve })
    }
  })
  const first = sender.send(['a'])
  await Promise.resolve().then(() => Promise.resolve()).then(() => new Promise(setImmediate))
  // The first call may have been carried out before the next commits.
  const others = Promise.all([sender.send(['a', 'b']), sender.send(['b', 'c'])])
  go()
  await first
  await new Promise(setImmediate)
  go()
  await others
  t.strictSame(calls, [['a'], ['a', 'b', 'c']])
})

t.test('nginx: pages of tags and of URIs; a tag without pages is refused', async (t) => {
  let headers: Record<string, string> = { 'weir-purge': '1' }
  const api = await startApi(t, ({ url }) => ({ status: url.endsWith('/gone') ? 404 : 200, headers }))
  const destination = nginx({
    urls: [api.url],
    pages: (tag) => tag === 'product:1' ? ['/products/1', '/gone'] : undefined
  })
  await senderFor(t, destination).send(['product:1', '\u0001http://shop/a?b=1\nroute', '\u0001http://shop/c#'])
  t.strictSame(api.calls.map(({ method, url }) => `${method} ${url}`).sort(),
    ['/a?b=1', '/c', '/gone', '/products/1'].map((page) => `GET /weir-purge${page}`))
  headers = {}
  await t.rejects(senderFor(t, destination).send(['product:1']), { message: /location \/weir-purge/ })
  await t.rejects(senderFor(t, destination).send(['weir:everything']), {
    code: 'WEIR_EDGE_REFUSED', message: /delete the files below its proxy_cache_path/
  })
  await t.rejects(senderFor(t, destination).send(['other']), { code: 'WEIR_EDGE_REFUSED', message: /"other"/ })
})

t.test('region: tags as they are, by address or by function', async (t) => {
  const api = await startApi(t, () => ({ status: 204 }))
  const given = ['größe, rot', '\u0001http://shop/a']
  await senderFor(t, region({ name: 'eu', url: api.url, secret: 'secret' })).send(given)
  t.match(api.calls, [{ method: 'POST', url: '/.well-known/weir/invalidate', body: { tags: given } }])
  t.equal(api.calls[0]?.headers.authorization, 'Bearer secret')
  const done: string[] = []
  await senderFor(t, region({ name: 'us', invalidate: async (tags) => { done.push(...tags) } })).send(given)
  t.strictSame(done, given)
})

t.test('tags have a safe form: no separator of any CDN, no length beyond 128, the same each time', async (t) => {
  t.equal(edgeTag('product:42'), 'product:42')
  for (const tag of ['a b', 'a,b', 'ä', '', '~a', 'x'.repeat(129), '\u0001http://shop/a', '"', '\r\n', '\ud83d\ude00']) {
    t.match(edgeTag(tag), /^~[0-9a-f]{32}$/, JSON.stringify(tag))
    t.equal(edgeTag(tag), edgeTag(tag))
  }
  const all = ['a b', 'a,b', 'ab', 'a\u0000b', 'a  b']
  t.equal(new Set(all.map(edgeTag)).size, all.length)
})

t.test('fields of responses keep to the limits of each CDN', async (t) => {
  const destinations = [
    fastly({ service: 'S1', token: TOKEN }),
    cloudflare({ zone: 'a', token: TOKEN }),
    varnish({ urls: ['http://a'], secret: TOKEN }),
    nginx({ urls: ['http://a'], pages: () => ['/a'] }),
    region({ name: 'eu', invalidate: async () => {} })
  ]
  const fields = edgeFields(destinations)
  const response = { target: '/a', varies: false }
  t.strictSame(fields.stored(['a', 'b'], 60, response), {
    'surrogate-key': 'a b weir:everything',
    'surrogate-control': 'max-age=60',
    'cache-tag': 'a,b,weir:everything',
    'cloudflare-cdn-cache-control': 'max-age=60',
    xkey: 'a b weir:everything',
    'varnish-cache-control': 'max-age=60',
    'x-accel-expires': '60'
  })
  for (const other of [{ ...response, varies: true }, { ...response, target: '/b' }, undefined]) {
    t.equal(fields.stored(['a'], 60, other)['x-accel-expires'], '0')
  }
  const forever = fields.stored(['a'], 1e21, response)
  t.equal(forever['surrogate-control'], 'max-age=2147483648', 'RFC 9111, 1.2.2')
  t.equal(forever['x-accel-expires'], '2147483648')
  t.strictSame(fields.unstored(), {
    'surrogate-control': 'no-store',
    'cloudflare-cdn-cache-control': 'no-store',
    'varnish-cache-control': 'no-store',
    'x-accel-expires': '0'
  })
  const long = tags(1000)
  const { xkey, 'surrogate-key': keys, 'varnish-cache-control': lifetime } = fields.stored(long, 60)
  t.ok(Array.isArray(xkey) && xkey.every((line) => String(line).length <= 7000), 'several lines')
  t.strictSame([xkey].flat().join(' ').split(' ').length, 1001)
  t.equal(lifetime, 'max-age=60')
  t.ok(String(keys).length <= 16_384)
  const most = fields.stored(tags(3000), 60)
  t.strictSame(Object.keys(most).filter((name) => /key|tag/.test(name)), [], 'none is cut short')
  t.equal(most['surrogate-control'], 'no-store')
})

t.test('mistakes in options fail at once, and no error shows a secret', async (t) => {
  const bad: (() => unknown)[] = [
    () => fastly({ service: 'a/b', token: TOKEN }),
    () => fastly({ service: 'S1', token: 'with space' }),
    () => cloudflare({ zone: 'x/y', token: TOKEN }),
    () => varnish({ urls: [], secret: TOKEN }),
    () => varnish({ urls: ['ftp://a'], secret: TOKEN }),
    () => varnish({ urls: ['http://a'], secret: TOKEN, settle: 5000 }),
    () => region({ name: 'eu' }),
    () => nginx({ urls: [], pages: () => [] })
  ]
  for (const make of bad) {
    try {
      make()
      t.fail(String(make))
    } catch (error) {
      t.ok(error instanceof EdgeError && error.code === 'WEIR_EDGE_INVALID_OPTION', String(error))
      t.notMatch(String(error), /with space/)
    }
  }
})

t.test('nginx: a response whose pages cannot be determined is not stored', (t) => {
  const pages = (tag: string) => {
    if (tag === 'broken') throw new Error('no pages')
    return ['/a']
  }
  const fields = edgeFields([nginx({ urls: ['http://127.0.0.1:9'], pages })])
  const response = { target: '/a', varies: false }
  t.match(fields.stored(['whole'], 60, response), { 'x-accel-expires': '60' })
  t.match(fields.stored(['broken'], 60, response), { 'x-accel-expires': '0' })
  t.end()
})
