import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { startRedis } from '@weir/internal/testing'
import t from 'tap'
import { isHit, ours } from '../http/cache-status.js'
import { open } from '../http/client.js'
import { startOrigin } from '../http/origin.js'
import { gate } from '../http/tally.js'
import { runExample, startExample } from './example.js'

const ROOT = new URL('../../../', import.meta.url)
const FOLDER = new URL('examples/proxy/', ROOT)
const FRESH = { headers: { 'cache-control': 'max-age=60', etag: '"1"' }, body: 'text' }

t.test('it has less than 40 lines, none longer than 100 columns', async (t) => {
  const lines = (await readFile(new URL('server.ts', FOLDER), 'utf8')).trimEnd().split('\n')
  t.ok(lines.length < 40, `${lines.length} lines`)
  t.strictSame(lines.filter((line) => line.length > 100), [])
})

t.test('each Dockerfile copies the manifest of every workspace, which npm ci needs', async (t) => {
  const lock = JSON.parse(await readFile(new URL('package-lock.json', ROOT), 'utf8')) as {
    packages: Record<string, unknown>
  }
  const workspaces = Object.keys(lock.packages).filter(
    (path) => path !== '' && !path.includes('node_modules/')
  )
  t.ok(workspaces.includes('examples'))
  for (const file of ['examples/proxy/Dockerfile', 'infra/docker/Dockerfile']) {
    const text = await readFile(new URL(file, ROOT), 'utf8')
    for (const path of workspaces) {
      t.match(text, `COPY ${path}/package.json ${path}/\n`, `${file}: ${path}`)
    }
  }
})

t.test('a hit, a revalidation, and a write that invalidates the stored response', async (t) => {
  const origin = await startOrigin(t)
  const { send } = await startExample(t, { ORIGIN: origin.url })
  origin.on('/', FRESH)
  t.equal(isHit(await send('GET', '/')), false)
  t.match(await send('GET', '/'), { status: 200, body: 'text' })
  t.equal(isHit(await send('GET', '/')), true)
  t.equal(origin.requests('/').length, 1)

  origin.on('/', { status: 304, headers: FRESH.headers })
  const revalidated = await send('GET', '/', { headers: { 'cache-control': 'no-cache' } })
  t.match(revalidated, { status: 200, body: 'text' })
  t.match(origin.requests('/').at(-1)?.headers, { 'if-none-match': '"1"' })
  t.equal((await send('GET', '/', { headers: { 'if-none-match': '"1"' } })).status, 304)
  t.equal((await send('GET', '/', { headers: { range: 'bytes=1-2' } })).body, 'ex')

  origin.on('/', { status: 204 }, { ...FRESH, body: 'new' })
  t.equal((await send('PUT', '/', { body: 'new' })).status, 204)
  t.match(await send('GET', '/'), { status: 200, body: 'new' })
})

t.test('a response larger than MAX_BODY_BYTES is forwarded and not stored', async (t) => {
  const origin = await startOrigin(t)
  const { send } = await startExample(t, { ORIGIN: origin.url, MAX_BODY_BYTES: '10' })
  for (const [body, stored] of [['x'.repeat(10), true], ['x'.repeat(11), false]] as const) {
    const path = `/${body.length}`
    origin.always(path, { ...FRESH, body })
    t.equal((await send('GET', path)).body, body)
    t.equal(isHit(await send('GET', path)), stored, path)
  }
})

t.test('two processes that share a Redis are one cache', async (t) => {
  const [origin, { url: redis }] = [await startOrigin(t), await startRedis(t)]
  const env = { ORIGIN: origin.url, REDIS_URL: redis }
  const [a, b] = await Promise.all([startExample(t, env), startExample(t, env)])
  const headers = { host: 'site.test' }
  origin.always('/', FRESH)
  origin.on('/', FRESH, { status: 204 })
  t.match(ours(await a.send('GET', '/', { headers })), { fwd: 'uri-miss' })
  t.equal(isHit(await b.send('GET', '/', { headers })), true)
  t.equal(isHit(await a.send('GET', '/', { headers })), true)
  t.equal((await b.send('DELETE', '/', { headers })).status, 204)
  t.equal(
    isHit(await a.send('GET', '/', { headers })),
    false,
    'a write through one ends what the other has'
  )
  t.equal(isHit(await b.send('GET', '/', { headers })), true)
  t.equal(origin.requests('/').length, 3)
})

t.test(
  'a wrong environment ends it with one line and the remedy',
  async (t) => {
    const rows = {
      'no origin': [
        {},
        /^The environment is invalid: ORIGIN is required .*http:\/\/127\.0\.0\.1:3000.*\[WEIR_ERR_ENV\]$/
      ],
      'an origin with a path': [
        { ORIGIN: 'http://a/b' },
        /^weir-gateway: option "origin" must be scheme and host.*"http:\/\/a\/b".*\]$/
      ],
      'a size that is none': [
        { ORIGIN: 'http://a', MAX_BODY_BYTES: '1 MB' },
        /^The environment is invalid: MAX_BODY_BYTES .*\]$/
      ],
      'no path': [
        { ORIGIN: 'http://a', HEALTH_PATH: 'health' },
        /^The environment is invalid: HEALTH_PATH .*\]$/
      ]
    } as const
    for (const [what, [env, message]] of Object.entries(rows)) {
      const example = runExample(t, env)
      const [code] = (await once(example.process, 'close')) as unknown[]
      t.equal(code, 78, what)
      t.match(example.output(), message, what)
    }
  }
)

t.test('HEALTH_PATH is answered by the proxy, and by default no path is', async (t) => {
  const origin = await startOrigin(t)
  origin.always('/health', { status: 299 })
  const [without, with_] = [
    await startExample(t, { ORIGIN: origin.url }),
    await startExample(t, { ORIGIN: origin.url, HEALTH_PATH: '/health' })
  ]
  t.equal((await without.send('GET', '/health')).status, 299)
  t.equal((await with_.send('GET', '/health')).status, 200)
  t.equal((await with_.send('POST', '/health')).status, 299, 'other methods are the origin\'s')
})

t.test('SIGTERM: health fails, and requests in flight are answered before it ends', async (t) => {
  const origin = await startOrigin(t)
  const rest = gate()
  origin.on('/', { ...FRESH, body: ['first, ', rest.opened, 'second'] })
  const example = await startExample(t, {
    ORIGIN: origin.url,
    HEALTH_PATH: '/health',
    DRAIN_MS: '1500',
    LOG_LEVEL: 'info'
  })
  const answer = await open(`${example.url}/`)
  await answer.atLeast(1)
  example.process.kill('SIGTERM')
  await example.line(/requests are answered/)
  t.match(await example.send('GET', '/health'), { status: 503, headers: { connection: 'close' } })
  rest.open()
  t.match(await answer.whole(), { body: 'first, second', complete: true })
  const [code] = await once(example.process, 'close') as unknown[]
  t.equal(code, 0)
})
