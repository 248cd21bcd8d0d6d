import t from 'tap'
import { whyNotStorable, type Headers, type NotStorable } from '../src/index.js'

const request = { method: 'GET', headers: {} }
const auth = { authorization: 'Bearer x' }

t.test('methods: a GET only (RFC 9111 3)', async (t) => {
  t.equal(whyNotStorable(request, { status: 200, headers: {} }), undefined)
  for (const method of ['HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'get']) {
    t.equal(whyNotStorable({ method, headers: {} }, { status: 200, headers: {} }), 'METHOD', method)
  }
})

t.test('statuses: those that are heuristically cacheable (RFC 9110 15.1), and others the caller allows', async (t) => {
  for (const status of [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501]) {
    t.equal(whyNotStorable(request, { status, headers: {} }), undefined, `${status}`)
  }
  for (const status of [103, 201, 302, 304, 307, 400, 401, 403, 418, 429, 500, 502, 503]) {
    t.equal(whyNotStorable(request, { status, headers: {} }), 'STATUS', `${status}`)
  }
  t.equal(whyNotStorable(request, { status: 302, headers: {} }, new Set([302])), undefined)
  t.equal(whyNotStorable(request, { status: 206, headers: {} }, new Set([206])), 'PARTIAL')
})

t.test('headers of request and response (RFC 9111 3, 3.3, 3.5, 5.2)', async (t) => {
  const table: [request: Headers, response: Headers, expected: NotStorable | undefined][] = [
    [{ 'cache-control': 'no-store' }, {}, 'REQUEST_NO_STORE'],
    [{ 'cache-control': 'no-cache' }, {}, undefined],
    [{}, { 'cache-control': 'No-Store' }, 'NO_STORE'],
    [{}, { 'cache-control': 'must-understand, no-store' }, 'NO_STORE'],
    [{}, { 'cache-control': ['max-age=60', 'no-store'] }, 'NO_STORE'],
    [{}, { 'cache-control': 'no-cache, max-age=0' }, undefined],
    [{}, { 'cache-control': 'private, max-age=60' }, 'PRIVATE'],
    [{}, { 'cache-control': 'private="x-user", max-age=60' }, 'PRIVATE'],
    [{}, { 'cache-control': 'ext="private, no-store"' }, undefined],
    [auth, {}, 'AUTHORIZATION'],
    [auth, { 'cache-control': 'max-age=60' }, 'AUTHORIZATION'],
    [auth, { 'cache-control': 'public' }, undefined],
    [auth, { 'cache-control': 'must-revalidate' }, undefined],
    [auth, { 'cache-control': 's-maxage=0' }, undefined],
    [auth, { 'cache-control': 'public, private' }, 'PRIVATE'],
    [{}, { 'set-cookie': ['a=1'] }, 'SET_COOKIE'],
    [{}, { 'set-cookie': 'a=1', 'cache-control': 'public' }, 'SET_COOKIE'],
    [{}, { vary: '*' }, 'VARY_STAR'],
    [{}, { vary: 'accept, *' }, 'VARY_STAR'],
    [{}, { vary: ['accept', ' * '] }, 'VARY_STAR'],
    [{}, { vary: 'accept-encoding' }, undefined],
    [{}, { 'content-range': 'bytes 0-1/2' }, 'PARTIAL']
  ]
  for (const [headers, response, expected] of table) {
    const name = `${JSON.stringify(headers)} ${JSON.stringify(response)}`
    t.equal(whyNotStorable({ method: 'GET', headers }, { status: 200, headers: response }), expected, name)
  }
})
