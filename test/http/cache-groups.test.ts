import t from 'tap'
import { isHit } from './cache-status.js'
import { type Fields } from './origin.js'
import { type Proxied, proxiedApp } from './proxied-app.js'

const FRESH = { 'cache-control': 'max-age=60' }

async function stored (
  { origin, get }: Proxied,
  groups: Readonly<Record<string, string | readonly string[]>>
): Promise<void> {
  for (const [path, group] of Object.entries(groups)) {
    origin.on(path, { headers: { ...FRESH, 'cache-groups': group }, body: path })
    await get(path)
  }
}

async function gone ({ get }: Proxied, paths: readonly string[]): Promise<string[]> {
  const left: string[] = []
  for (const path of paths) {
    if ((await get(path, { 'cache-control': 'only-if-cached' })).status === 504) left.push(path)
  }
  return left
}

const GROUPS = {
  '/a': '"a"',
  '/a-b': '"a", "b"',
  '/lines': ['"c"', '"a"'],
  '/parameters': '"a";x=1',
  '/upper': '"A"',
  '/tokens': 'a',
  '/mixed': '"a", 1',
  '/broken': '"a',
  '/spaced': '" a"',
  '/b': '"b"'
}

/** Values of Cache-Group-Invalidation, and the responses above that they invalidate. */
const INVALIDATIONS: readonly (readonly [
  field: string | readonly string[],
  gone: readonly string[]
])[] = [
  ['"a"', ['/a', '/a-b', '/lines', '/parameters']],
  ['"a";x=2', ['/a', '/a-b', '/lines', '/parameters']],
  ['"b"', ['/a-b', '/b']],
  ['"A"', ['/upper']],
  ['" a"', ['/spaced']],
  ['"b", "c"', ['/a-b', '/lines', '/b']],
  [
    ['"b"', '"c"'],
    ['/a-b', '/lines', '/b']
  ],
  ['"x"', []],
  ['a', []],
  ['"a", 1', []],
  ['"a', []],
  ['', []]
]

t.test('RFC 9875 2, 3: Cache-Groups and Cache-Group-Invalidation of the origin', async (t) => {
  const proxied = await proxiedApp(t)
  for (const [field, expected] of INVALIDATIONS) {
    await proxied.app.responseCache.cache.clear()
    await stored(proxied, GROUPS)
    proxied.origin.on('/write', { status: 204, headers: { 'cache-group-invalidation': field } })
    await proxied.send('POST', '/write')
    t.strictSame(await gone(proxied, Object.keys(GROUPS)), expected, JSON.stringify(field))
  }
})

t.test('RFC 9875 3: which responses may invalidate groups', async (t) => {
  const proxied = await proxiedApp(t)
  const rows = [
    ['POST', 200, true],
    ['PUT', 204, true],
    ['PATCH', 200, true],
    ['DELETE', 204, true],
    ['POST', 303, true],
    ['GET', 200, false],
    ['HEAD', 200, false],
    ['OPTIONS', 204, false],
    ['POST', 400, false],
    ['POST', 500, false]
  ] as const
  for (const [method, status, invalidates] of rows) {
    await proxied.app.responseCache.cache.clear()
    await stored(proxied, { '/a': '"a"' })
    const path = `/${method}/${status}`
    proxied.origin.on(path, { status, headers: { 'cache-group-invalidation': '"a"' } })
    t.equal((await proxied.send(method, path)).status, status)
    t.strictSame(await gone(proxied, ['/a']), invalidates ? ['/a'] : [], `${method}, ${status}`)
  }
})

t.test('RFC 9875: both fields reach caches on the way to the client', async (t) => {
  const { origin, get, send } = await proxiedApp(t)
  const says = (fields: Fields) => ({ headers: { ...FRESH, ...fields } })
  origin.on('/', says({ 'cache-groups': '"a", "b"' }), says({ 'cache-group-invalidation': '"a"' }))
  t.equal((await get('/')).headers['cache-groups'], '"a", "b"')
  const hit = await get('/')
  t.ok(isHit(hit))
  t.equal(hit.headers['cache-groups'], '"a", "b"')
  t.equal((await send('POST', '/')).headers['cache-group-invalidation'], '"a"')
})

t.test(
  "RFC 9875: tags of the route are groups, sent and invalidated like the origin's",
  async (t) => {
    const proxied = await proxiedApp(t, {
      cache: { tags: ['everything'] },
      config: { invalidates: ['from-config'] }
    })
    const { origin, get, send } = proxied
    origin.always('/a', { headers: { ...FRESH, 'cache-groups': '"a"' } })
    origin.always('/b', { headers: { ...FRESH, 'cache-groups': '"from-config"' } })
    t.same((await get('/a')).headers['cache-groups']?.toString().split(', ').sort(), [
      '"a"',
      '"everything"'
    ])
    await get('/b')
    origin.on('/write', { status: 204, headers: { 'cache-group-invalidation': '"x"' } })
    t.same(
      (await send('POST', '/write')).headers['cache-group-invalidation']
        ?.toString()
        .split(', ')
        .sort(),
      ['"from-config"', '"x"']
    )
    t.strictSame(await gone(proxied, ['/a', '/b']), ['/b'])
    await proxied.app.responseCache.invalidate(['everything'])
    t.strictSame(await gone(proxied, ['/a']), ['/a'])
  }
)

t.test(
  'RFC 9875, RFC 9111 4.3.4: groups of a 304 replace those of the stored response',
  async (t) => {
    const proxied = await proxiedApp(t)
    const { origin, get, send } = proxied
    origin.on(
      '/',
      { headers: { ...FRESH, etag: '"1"', 'cache-groups': '"a"' } },
      { status: 304, headers: { etag: '"1"', 'cache-groups': '"b"' } }
    )
    await get('/')
    await get('/', { 'cache-control': 'no-cache' })
    const invalidate = async (group: string) => {
      origin.on('/write', { status: 204, headers: { 'cache-group-invalidation': group } })
      await send('POST', '/write')
    }
    await invalidate('"a"')
    t.strictSame(await gone(proxied, ['/']), [])
    await invalidate('"b"')
    t.strictSame(await gone(proxied, ['/']), ['/'])
  }
)

t.test('RFC 9875: all variants of a group\'s response', async (t) => {
  const proxied = await proxiedApp(t)
  const { origin, get, send } = proxied
  origin.always('/', { headers: { ...FRESH, vary: 'accept', 'cache-groups': '"a"' } })
  await get('/', { accept: 'a/a' })
  await get('/', { accept: 'b/b' })
  origin.on('/write', { status: 204, headers: { 'cache-group-invalidation': '"a"' } })
  await send('POST', '/write')
  for (const accept of ['a/a', 'b/b']) t.notOk(isHit(await get('/', { accept })), accept)
})

t.test('RFC 9875 2.1: a group belongs to the application, whatever the authority', async (t) => {
  const proxied = await proxiedApp(t)
  const { origin, get, send } = proxied
  origin.always('/', { headers: { ...FRESH, 'cache-groups': '"a"' } })
  const hosts = ['a.test', 'b.test']
  for (const host of hosts) await get('/', { host })
  origin.on('/write', { status: 204, headers: { 'cache-group-invalidation': '"a"' } })
  await send('POST', '/write', { headers: { host: 'a.test' } })
  for (const host of hosts) t.notOk(isHit(await get('/', { host })), host)
})

t.test('RFC 9875 2.2.1, 3: invalidation does not cascade from group to group', async (t) => {
  const proxied = await proxiedApp(t)
  await stored(proxied, { '/a': '"a"', '/a-b': '"a", "b"', '/b': '"b"' })
  proxied.origin.on('/write', { status: 204, headers: { 'cache-group-invalidation': '"a"' } })
  await proxied.send('POST', '/write')
  t.strictSame(await gone(proxied, ['/a', '/a-b', '/b']), ['/a', '/a-b'])
  await stored(proxied, { '/a': '"a"', '/a-b': '"a", "b"' })
  proxied.origin.on('/a', { status: 204 })
  await proxied.send('DELETE', '/a')
  t.strictSame(
    await gone(proxied, ['/a', '/a-b', '/b']),
    ['/a'],
    'nor from a URI that is invalidated'
  )
})
