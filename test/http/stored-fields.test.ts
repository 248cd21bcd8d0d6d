import t from 'tap'
import { isHit } from './cache-status.js'
import { stopClock } from './clock.js'
import { type Answer } from './client.js'
import { proxiedApp } from './proxied-app.js'

const valuesOf = (answer: Answer, name: string): string[] =>
  answer.lines.filter(([line]) => line === name).map(([, value]) => value)

/** A field, its values, and the values in a hit. */
const FIELDS: readonly (readonly [
  rule: string,
  name: string,
  sent: string | readonly string[],
  kept: readonly string[]
])[] = [
  ['3.1: an unknown field', 'x-unknown', 'some "thing"; q=1', ['some "thing"; q=1']],
  [
    '3.1: Content-Type',
    'content-type',
    'text/html; charset=iso-8859-1',
    ['text/html; charset=iso-8859-1']
  ],
  ['3.1: Content-Language', 'content-language', 'de', ['de']],
  ['3.1: Content-Encoding, whose body is not touched', 'content-encoding', 'gzip', ['gzip']],
  ['3.1: Content-Location', 'content-location', '/other', ['/other']],
  [
    '3.1: Content-Disposition',
    'content-disposition',
    'attachment; filename="a b"',
    ['attachment; filename="a b"']
  ],
  ['3.1: ETag', 'etag', 'W/"1, 2"', ['W/"1, 2"']],
  [
    '3.1: Last-Modified',
    'last-modified',
    'Thu, 01 Jan 2015 00:00:00 GMT',
    ['Thu, 01 Jan 2015 00:00:00 GMT']
  ],
  [
    '3.1: Expires beside max-age',
    'expires',
    'Thu, 01 Jan 2015 00:00:00 GMT',
    ['Thu, 01 Jan 2015 00:00:00 GMT']
  ],
  [
    '3.1: several field lines',
    'link',
    ['</a>; rel=preload', '</b>; rel=preload'],
    ['</a>; rel=preload', '</b>; rel=preload']
  ],
  ['3.1: a field that is empty', 'x-empty', '', ['']],
  [
    '3.1: security headers',
    'content-security-policy',
    "default-src 'self'",
    ["default-src 'self'"]
  ],
  ['RFC 9110 7.6.1: a field that Connection lists', 'x-secret', '1', []],
  ['RFC 9110 7.6.1: ... in any case', 'x-other-secret', '1', []],
  ['RFC 9110 7.6.1: Proxy-Connection', 'proxy-connection', 'keep-alive', []],
  ['RFC 9110 7.6.1: TE', 'te', 'trailers', []],
  ['RFC 9110 7.6.1: Upgrade', 'upgrade', 'h2c', []],
  ['3.1: Proxy-Authenticate', 'proxy-authenticate', 'Basic', []],
  ['3.1: Proxy-Authentication-Info', 'proxy-authentication-info', 'a=1', []],
  ['3.1: Proxy-Authorization', 'proxy-authorization', 'Basic YTpi', []]
]

t.test('RFC 9111 3.1: which header fields a stored response has', async (t) => {
  stopClock(t)
  const { origin, get } = await proxiedApp(t)
  const sent = Object.fromEntries(FIELDS.map(([, name, value]) => [name, value]))
  origin.on('/', {
    headers: { 'cache-control': 'max-age=60', connection: 'x-secret, X-OTHER-Secret', ...sent },
    body: 'text'
  })
  await get('/')
  const hit = await get('/')
  t.ok(isHit(hit))
  for (const [rule, name, , kept] of FIELDS) t.strictSame(valuesOf(hit, name), kept, rule)
  t.equal(hit.headers['cache-control'], 'max-age=60', '5.2: directives are passed on')
  t.notMatch(hit.headers.connection, /secret/i)
})

t.test(
  'RFC 9110 7.6.1: a forwarded response has no hop-by-hop fields either',
  async (t) => {
    const { origin, get } = await proxiedApp(t)
    origin.on('/', {
      headers: {
        'cache-control': 'no-store',
        connection: 'x-secret, keep-alive',
        'keep-alive': 'timeout=99',
        'x-secret': '1',
        'x-public': '1'
      }
    })
    const answer = await get('/')
    t.match(answer.headers, { 'x-secret': undefined, 'x-public': '1' })
    t.notMatch(answer.headers['keep-alive'], /99/)
  }
)

t.test(
  'a hit has the header fields of the stored response, except Age and Cache-Status',
  async (t) => {
    stopClock(t)
    const own = new Set(['age', 'cache-status', 'connection', 'keep-alive'])
    const fields = ({ lines }: Answer) =>
      lines
        .filter(([name]) => !own.has(name))
        .map(([name, value]) => `${name}: ${value}`)
        .sort()
    const { origin, get } = await proxiedApp(t)
    const bare = { date: undefined }
    origin.on('/full', {
      headers: {
        'cache-control': 'max-age=60',
        etag: '"1"',
        vary: 'accept',
        link: ['</a>', '</b>'],
        'content-type': 'text/plain'
      },
      body: 'text'
    })
    origin.on('/bare', { headers: { ...bare, 'cache-control': 'max-age=60' }, body: 'text' })
    origin.on('/empty', { headers: { 'cache-control': 'max-age=60' } })
    origin.on('/redirect', {
      status: 301,
      headers: { 'cache-control': 'max-age=60', location: '/full' }
    })
    for (const path of ['/full', '/bare', '/empty', '/redirect']) {
      const miss = await get(path)
      const hit = await get(path)
      t.ok(isHit(hit), path)
      t.strictSame(fields(hit), fields(miss), path)
    }
  }
)

t.test('RFC 9111 5.2.2.4, 5.2.2.7: fields excluded by no-cache and private', async (t) => {
  stopClock(t)
  const { origin, get } = await proxiedApp(t)
  const rows = [
    ['no-cache="x-a"', { 'x-a': undefined, 'x-b': '1' }],
    ['private="x-a, X-B"', { 'x-a': undefined, 'x-b': undefined }],
    ['private=x-a', { 'x-a': undefined, 'x-b': '1' }],
    ['no-cache="x-a", private="x-b"', { 'x-a': undefined, 'x-b': undefined }],
    ['no-cache="set-cookie"', { 'set-cookie': undefined, 'x-a': '1', 'x-b': '1' }]
  ] as const
  for (const [i, [directives, kept]] of rows.entries()) {
    const cookie = 'set-cookie' in kept ? { 'set-cookie': 'a=1' } : {}
    origin.on(`/${i}`, {
      headers: { 'cache-control': `max-age=60, ${directives}`, 'x-a': '1', 'x-b': '1', ...cookie }
    })
    t.match(
      (await get(`/${i}`)).headers,
      { 'x-a': '1', 'x-b': '1' },
      `${directives}: who it was sent for gets them`
    )
    const hit = await get(`/${i}`)
    t.ok(isHit(hit), directives)
    t.match(hit.headers, kept, directives)
  }
})

t.test('RFC 9111 5.2.2.6: the bytes of the body are unchanged', async (t) => {
  const { origin, get } = await proxiedApp(t)
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
  origin.on('/', {
    headers: { 'cache-control': 'max-age=60', 'content-type': 'application/octet-stream' },
    body: bytes
  })
  for (const answer of [await get('/'), await get('/'), await get('/')]) {
    t.equal(answer.body, bytes.toString('latin1'))
    t.equal(answer.headers['content-length'], '256')
  }
  t.equal(origin.requests('/').length, 1)
})
