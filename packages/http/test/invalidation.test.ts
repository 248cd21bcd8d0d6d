import t from 'tap'
import { invalidatedPaths, type Headers } from '../src/index.js'

const origin = 'https://shop.example'
const put = { method: 'PUT', origin, url: '/products/7' }
const paths = (headers: Headers, request = put, status = 200) =>
  invalidatedPaths(request, { status, headers })

t.test('RFC 9111 4.4: unsafe methods invalidate their target', async (t) => {
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'BREW', 'put', 'PURGE']) {
    t.strictSame(paths({}, { ...put, method }), [put.url], method)
  }
  for (const method of [
    'GET',
    'HEAD',
    'OPTIONS',
    'TRACE',
    'PROPFIND',
    'REPORT',
    'SEARCH',
    'QUERY'
  ]) { t.strictSame(paths({ location: '/a' }, { ...put, method }), [], method) }
})

t.test('RFC 9111 4.4: only when they succeed', async (t) => {
  for (const status of [200, 201, 204, 299, 301, 303, 304, 399]) {
    t.strictSame(paths({}, put, status), [put.url], `${status}`)
  }
  for (const status of [100, 199, 400, 404, 412, 500, 503]) {
    t.strictSame(paths({ location: '/a' }, put, status), [], `${status}`)
  }
})

t.test('RFC 9111 4.4: a target with a query, and the same without it', async (t) => {
  const table: [url: string, paths: string[]][] = [
    ['/a?x=1', ['/a?x=1', '/a']],
    ['/a?', ['/a?', '/a']],
    ['/a/?x=1?y', ['/a/?x=1?y', '/a/']],
    ['/?', ['/?', '/']],
    ['/a%3Fx=1', ['/a%3Fx=1']]
  ]
  for (const [url, expected] of table) t.strictSame(paths({}, { ...put, url }), expected, url)
  t.strictSame(
    paths({ location: '/b?y=2' }, { ...put, url: '/a?x=1' }),
    ['/a?x=1', '/a', '/b?y=2'],
    'of Location the whole'
  )
})

t.test('RFC 9111 4.4: Location and Content-Location, on the same origin', async (t) => {
  const table: [name: string, Headers, others: string[]][] = [
    ['Location', { location: '/a' }, ['/a']],
    ['Content-Location', { 'content-location': '/b?y=2' }, ['/b?y=2']],
    ['both', { location: '/a', 'content-location': '/b' }, ['/a', '/b']],
    ['the same twice', { location: '/a', 'content-location': '/a' }, ['/a']],
    ['the target', { location: put.url }, []],
    ['absolute', { location: 'https://shop.example/a' }, ['/a']],
    [
      'absolute, by the default port and in any case',
      { location: 'HTTPS://SHOP.example:443/a' },
      ['/a']
    ],
    ['relative', { location: '8' }, ['/products/8']],
    ['without its fragment', { location: '/a#part' }, ['/a']],
    ['another host', { location: 'https://other.example/a' }, []],
    ['another host, without a scheme', { location: '//other.example/a' }, []],
    ['another scheme', { location: 'http://shop.example/a' }, []],
    ['another port', { location: 'https://shop.example:8443/a' }, []],
    ['a host that only begins the same', { location: 'https://shop.example.org/a' }, []],
    ['no URI', { location: 'https://[' }, []],
    ['several', { location: ['/a', '/b'] }, []],
    ['other fields', { link: '</a>', refresh: '0;/a' }, []]
  ]
  for (const [name, headers, others] of table) {
    t.strictSame(paths(headers), [put.url, ...others], name)
  }
  t.strictSame(
    paths({ location: '/a' }, { ...put, origin: 'https://[' }),
    [put.url],
    'a target that is no URI'
  )
})
