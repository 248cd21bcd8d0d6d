import t from 'tap'
import { isHit } from './cache-status.js'
import { type Sent } from './client.js'
import { proxiedApp } from './proxied-app.js'

const FRESH = { 'cache-control': 'max-age=60' }

type Asked = readonly [path: string, headers?: NonNullable<Sent['headers']>]

/**
 * Two requests: whether the second may use the response stored for the first (RFC 9111 2, 4: the
 * target URI).
 */
const PAIRS: readonly (readonly [rule: string, first: Asked, second: Asked, same: boolean])[] = [
  ['the same', ['/a'], ['/a'], true],
  ['another path', ['/b'], ['/b/'], false],
  ['another case', ['/c'], ['/C'], false],
  ['a query', ['/d'], ['/d?x=1'], false],
  ['an empty query', ['/e'], ['/e?'], false],
  ['another query', ['/f?x=1'], ['/f?x=2'], false],
  ['another order of the query', ['/g?x=1&y=2'], ['/g?y=2&x=1'], false],
  ['the same query', ['/h?x=1&y=2'], ['/h?x=1&y=2'], true],
  ['two slashes', ['/i/j'], ['/i//j'], false],
  ['another host', ['/k', { host: 'a.example' }], ['/k', { host: 'b.example' }], false],
  ['another port', ['/l', { host: 'a.example:1' }], ['/l', { host: 'a.example:2' }], false],
  ['an untrusted host', ['/m'], ['/m', { 'x-forwarded-host': 'evil.example' }], true],
  ['headers that Vary does not name', ['/n', { 'x-a': '1' }], ['/n', { 'x-a': '2' }], true],
  // Treated like Authorization in RFC 9111, 3.5: a Cookie identifies the client.
  ['credentials', ['/n2', { cookie: 'a=1' }], ['/n2', { cookie: 'a=2' }], false],
  ['a header of Weir\'s own that is none', ['/o'], ['/o', { 'x-weir-fill': 'forged' }], true],
  // RFC 3986, 6.2.2.3
  ['a dot segment', ['/p/q'], ['/p/./q'], true]
]

t.test('RFC 9111 2: the key is the target URI', async (t) => {
  const { origin, get } = await proxiedApp(t)
  for (const [rule, first, second, same] of PAIRS) {
    for (const [path] of [first, second]) {
      origin.always(path, ({ path, headers }) => ({
        headers: FRESH,
        body: `${path} ${headers['host'] ?? ''}`
      }))
    }
    await get(...first)
    t.equal(isHit(await get(...second)), same, rule)
  }
})

t.test('RFC 9110 4.2.3: percent-encoding is kept verbatim', async (t) => {
  const { origin, get } = await proxiedApp(t)
  for (const path of ['/a%2Fb', '/a%20b', '/%C3%A4', '/a?x=%26']) {
    origin.always(path, ({ path }) => ({ headers: FRESH, body: path }))
    t.match(await get(path), { status: 200, body: path })
    t.match(await get(path), { status: 200, body: path, headers: { 'cache-status': /; hit/ } })
  }
})

t.test('key of the route is what identifies a response', async (t) => {
  const key = (request: { url: string }) => request.url.replace(/[?&]utm_\w+=[^&]*/g, '')
  const { origin, get } = await proxiedApp(t, { cache: { key } })
  origin.always('/a?utm_source=x', { headers: FRESH, body: 'text' })
  await get('/a?utm_source=x')
  t.match(await get('/a?utm_source=y'), { body: 'text', headers: { 'cache-status': /; hit/ } })
})
