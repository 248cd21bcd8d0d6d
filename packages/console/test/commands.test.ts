import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { createCache } from '@weir/cache'
import { redisStore } from '@weir/cache/redis'
import observability from '@weir/fastify/observability'
import responseCache from '@weir/fastify/response-cache'
import shadow from '@weir/fastify/shadow'
import { startRedis } from '@weir/internal/testing'
import { redisStore as redisMetrics } from '@weir/metrics/redis'
import { fastify, type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { type Io } from '../src/cli/command.js'
import { dispatch } from '../src/cli/dispatch.js'
import { parseInfo } from '../src/cli/doctor/info.js'
import { judgeInfo } from '../src/cli/doctor/judge-info.js'
import { reach } from '../src/cli/redis.js'
import { age, bytes, printable, table } from '../src/cli/table.js'

class Text extends Writable {
  text = ''

  override _write (chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString()
    done()
  }
}

const server = await startRedis(t)

/** Runs `weir` with the arguments. */
async function weir (args: readonly string[], more: Partial<Io> = {}) {
  const [stdout, stderr] = [new Text(), new Text()]
  const env = { REDIS_URL: server.url }
  const signal = AbortSignal.timeout(60_000)
  const code = await dispatch(args, { stdout, stderr, env, isTTY: false, signal, ...more })
  return {
    code,
    out: stdout.text,
    err: stderr.text,
    json: () => JSON.parse(stdout.text) as Record<string, unknown>
  }
}

/** Starts an app with a cache in the Redis; `register` adds its routes and faults. */
async function listen (t: Test, register: (app: FastifyInstance) => void): Promise<string> {
  const app = fastify({ trustProxy: true })
  t.teardown(() => app.close())
  const store = redisStore({ url: server.url })
  t.teardown(() => store.close())
  const metrics = redisMetrics({ url: server.url })
  t.teardown(() => metrics.close())
  await app.register(observability, { store: metrics, service: 'shop', instance: 'shop-1' })
  await app.register(responseCache, { store, name: 'shop-1', origin: 'http://shop' })
  register(app)
  return app.listen({ port: 0, host: '127.0.0.1' })
}
const cached = { config: { cache: { public: true, ttl: '1m', tags: ['products'] } } } as const

t.test('keys, inspect, purge, get and top over a real app', async (t) => {
  await (await server.connect()).flushall()
  const url = await listen(t, (app) => {
    app.get('/products/:id', cached, async (request) => request.params)
  })
  for (const id of ['1', '2', '1']) await fetch(`${url}/products/${id}`)

  const listed = await weir(['keys'])
  t.match(listed.out, /^STATE +SIZE +AGE +FILLED BY +KEY +TAGS\n/)
  t.match(listed.out, /fresh +\d+ B +\d+ s +shop-1 +http:\/\/shop\/products\/1 +products/)
  t.equal(listed.code, 0)
  t.match((await weir(['keys', '--tag', 'products', '--json'])).json(), {
    namespace: 'responses',
    keys: [{ state: 'fresh', valid: true }, { state: 'fresh' }],
    cursor: null
  })
  t.notMatch((await weir(['keys', '--json'])).out, '\\u0001', 'tags of the cache itself')
  t.match((await weir(['keys', '--namespace', 'none'])).out, 'No keys in none.')

  const inspected = await weir(['inspect', 'http://shop/products/2'])
  t.match(inspected.out, /state +fresh[^]*filled by +shop-1, in [^]*status +200[^]*{"id":"2"}/)
  t.match((await weir(['inspect', 'http://shop/products/2', '--json'])).json(), {
    response: { status: 200 }
  })
  const missing = await weir(['inspect', 'none'])
  t.match([missing.code, missing.err], [1, /responses has no entry under none/])

  const explained = await weir(['get', `${url}/products/1`, '--explain'])
  t.match(explained.out, /^200 in [^]*shop-1 answered from its memory[^]*cache-status: shop-1; hit/)
  t.equal((await weir(['get', `${url}/products/1`])).out, '{"id":"1"}')
  t.match((await weir(['get', `${url}/none`, '--json'])).json(), { status: 404 })

  const purged = await weir(['purge', '--tag', 'products'])
  t.match(purged.out, /^Invalidated in responses: products\nNo instance serves the old/)
  t.match((await weir(['get', `${url}/products/1`, '--json', '-H', 'x-a: b'])).json(), {
    outcome: 'miss'
  })
  t.match((await weir(['keys', '--state', 'invalid', '--json'])).json(), {
    keys: [{ key: /products\/2/, state: 'invalid' }]
  })

  const admin = await server.connect()
  await admin.acl('SETUSER', 'ops', 'on', '>pw', '~weir:*responses*', '&*', '+@all')
  const blind = await weir(['purge', '--tag', 'products', '--redis', server.url.replace('://', '://ops:pw@')])
  t.match([blind.code, blind.err], [0, /whether an edge exists is not known, because the metrics/])
  await admin.acl('DELUSER', 'ops')

  // Instances report once a second.
  const by = ['service', 'instance', 'route'] as const
  const names = { service: 'shop', instance: 'shop-1', route: 'shop GET /products/:id' }
  let reported: unknown[] = []
  for (let i = 0; i < 100 && reported.length === 0; i++) {
    reported = (await weir(['top', '--json'])).json()['rows'] as unknown[]
    if (reported.length === 0) await new Promise((resolve) => { setTimeout(resolve, 100) })
  }
  for (const name of by) {
    const { rows } = (await weir(['top', '--json', '--by', name])).json()
    t.match(rows, [{ name: names[name], requestsPerSecond: Number, p50: Number, p99: Number }])
  }
  t.match((await weir(['top'])).out, /^REQUESTS\/S +HIT RATIO +P50 +P99 +ROUTE\n/)
  const ending = new AbortController()
  const screen = new Text()
  const live = weir(['top'], { isTTY: true, stdout: screen, signal: ending.signal })
  while (!screen.text.includes('GET /products/:id')) {
    await new Promise((resolve) => { setTimeout(resolve, 5) })
  }
  ending.abort()
  t.equal((await live).code, 0, 'Ctrl+C ends it')
})

t.test('the doctor finds a sound Redis and app', async (t) => {
  const control = await server.connect()
  await control.config('SET', 'maxmemory', '1gb')
  await control.config('SET', 'maxmemory-policy', 'volatile-lru')
  const url = await listen(t, (app) => { app.get('/sound', cached, async () => ({ a: 1 })) })
  const { code, out } = await weir(['doctor', `${url}/sound`])
  t.equal(code, 0, out)
  t.match(out, /ok +version +(Redis|Valkey) \d/)
  t.match(out, /ok +memory +maxmemory-policy volatile-lru/)
  t.match(out, /ok +acl +the user may do all/)
  t.match(out, /ok +cache-status +the second request is a hit/)
  t.match(out, /ok +audit +no request changes/)
  t.notMatch(out, 'PROBLEM')
  const left = [...await control.keys('weir:{weir-doctor}*'), ...await control.keys('weir:weir-doctor:*')]
  t.same(left, [], 'nothing of its own namespace is left')
})

t.test('the doctor finds what is wrong with an app', async (t) => {
  const host = await listen(t, (app) => {
    app.get('/host', cached, async (request) => ({ self: `https://${request.host}/host` }))
    app.get('/vary', { config: { cache: { ...cached.config.cache, vary: ['accept-language'] } } },
      async ({ headers }) => headers['accept-language'] ?? 'en')
    app.get('/uncached', async () => 'x')
    app.get('/changing', cached, async ({ headers }) =>
      `${Math.random()} ${String(headers['x-forwarded-prefix'])}`)
  })
  const findings = async (path: string) => {
    const { code, json } = await weir(['doctor', host + path, '--json'], { env: {} })
    return { code, app: json()['app'] as { level: string, check: string, found: string }[] }
  }
  const leaking = await findings('/host')
  t.equal(leaking.code, 1)
  t.match(leaking.app.filter(({ level }) => level === 'problem'), [{
    check: 'unkeyed-header',
    found: /^x-forwarded-host of one request changes the body/,
    todo: /trustProxy/
  }, { check: 'unkeyed-host' }])
  t.same((await findings('/vary')).code, 0, 'a field in Vary is part of the key')
  t.match(await findings('/uncached'), {
    code: 1,
    app: [{ level: 'problem', check: 'cache-status', todo: /Register/ }]
  })
  t.match((await findings('/changing')).app.filter(({ level }) => level === 'problem'), [
    { check: 'unkeyed-header', found: /^x-forwarded-prefix/ }
  ])
  const gone = await weir(['doctor', 'http://127.0.0.1:1/', '--json'], { env: {} })
  t.match([gone.code, gone.json()], [1, { app: [{ check: 'connection' }] }])
})

t.test('the audit of a module, and of an address', async (t) => {
  const file = new URL('./support/audited-app.js', import.meta.url).pathname
  const { code, json } = await weir(['audit', file, '--json'])
  t.equal(code, 1)
  t.match(json(), {
    version: 1,
    target: 'inject',
    findings: [{
      check: 'unkeyed-header',
      route: 'GET /shop/:id',
      input: 'x-shop',
      evidence: [{ curl: /-H 'x-shop: wa/ }, { curl: /^curl -i/ }],
      remedy: { weir: /config\.cache\.vary/ }
    }],
    routes: [{ route: 'GET /' }, { route: 'GET /shop/:id', url: '/shop/7' }]
  })
  const sarif = join(t.testdir(), 'audit.sarif')
  const shown = await weir(['audit', file, '--route', '/shop/7', '--sarif', sarif])
  t.match(JSON.parse(await readFile(sarif, 'utf8')), {
    version: '2.1.0', runs: [{ results: [{ ruleId: 'unkeyed-header' }] }]
  })
  t.match(shown.out, /HIGH +unkeyed-header +GET \/shop\/:id\n[^]*With Weir: Add the field to Vary/)
  t.equal((await weir(['audit', file, '--ignore', '/shop', '--max-time', '30s'])).code, 0)
  const short = await weir(['audit', file, '--max-requests', '5', '--json'])
  t.match([short.code, short.json()], [1, { findings: [], incomplete: /5 requests/ }])

  const url = await listen(t, (app) => {
    app.get('/', async () => ({ links: ['/leak?id=1'] }))
    app.get('/leak', cached, async ({ headers }) => ({ user: headers.authorization ?? 'none' }))
  })
  const users = ['--user', 'Authorization: Bearer a', '--user', 'Authorization: Bearer b']
  const wire = await weir(['audit', url, ...users, '--json'])
  t.match([wire.code, wire.json()], [1, { target: 'loopback', findings: [{ check: 'user-leak' }] }])

  const wrong: [args: string[], message: RegExp][] = [
    [['http://192.0.2.1/'], /192\.0\.2\.1.* is not a loopback address/],
    [['http://127.0.0.1:1', '--max-time', 'long'], /maxTime 'long' is not a duration/],
    [['http://127.0.0.1:1', '--route', 'x'], /routes has 'x'/],
    [['http://127.0.0.1:1', '--ignore', 'x'], /ignore has 'x'/],
    [['http://127.0.0.1:1', '--user', 'Cookie: a'], /users has one user/],
    [['http://127.0.0.1:1', '--param', 'x'], /--param x is not NAME=VALUE/],
    [['./no-such-app.js'], /no-such-app\.js cannot be loaded/],
    [[new URL('./support/log.js', import.meta.url).pathname], /exports no app/]
  ]
  for (const [args, message] of wrong) {
    const run = await weir(['audit', ...args])
    t.match([run.code, run.err], [2, message], args.join(' '))
  }
  const gone = await weir(['audit', 'http://127.0.0.1:1'])
  t.match([gone.code, gone.err], [1, /does not answer|ECONNREFUSED/])
})

t.test('the doctor sees by hits in which order plugins run', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  const seen = new Set<string>()
  // A foreign cache, registered before all other plugins.
  app.get('/a', async ({ url }, reply) => {
    const isHit = seen.has(url)
    seen.add(url)
    reply.headers({ 'cache-status': isHit ? 'other; hit' : 'other; fwd=miss; stored', etag: '"1"' })
    if (!isHit) reply.header('ratelimit-policy', '"a";q=1;w=1')
    else reply.headers({ 'set-cookie': 'a=b', 'content-encoding': 'identity' })
    return 'a'
  })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const { code, json } = await weir(['doctor', `${url}/a`, '--json'], { env: {} })
  t.equal(code, 1)
  const found = json()['app'] as { level: string; check: string; found: string }[]
  t.match(found.filter(({ level }) => level !== 'ok'), [
    { check: 'order', found: /hits are not limited/ },
    { check: 'order', found: /sets a cookie/ },
    { check: 'conditional', found: /is a 200, not a 304/ },
    { check: 'order', found: /does not vary by Accept-Encoding/ }
  ])
})

t.test('the doctor finds what a user of Redis may not', async (t) => {
  const control = await server.connect()
  const rules = ['reset', 'on', '>PASSWORD', '~weir:*', '&weir:*', '+@all', '-zadd', '-scan']
  await control.acl('SETUSER', 'few', ...rules)
  const url = `redis://few:PASSWORD@127.0.0.1:${server.port}`
  const { code, json } = await weir(['doctor', '--redis', url, '--json'])
  t.equal(code, 1)
  t.match((json()['redis'] as { check: string }[]).filter(({ check }) => check === 'acl'), [
    { level: 'problem', todo: /ACL SETUSER <user> .*\+zadd/ }
  ])
  await control.acl('SETUSER', 'few', '+zadd')
  const listing = (await weir(['doctor', '--redis', url, '--json'])).json()['redis']
  t.match((listing as { check: string }[]).filter(({ check }) => check === 'acl'), [
    { level: 'ok' },
    { level: 'warning', todo: /grant \+scan/ }
  ])
  await control.acl('SETUSER', 'few', '+scan', '-info')
  const blind = (await weir(['doctor', '--redis', url, '--json'])).json()['redis']
  t.match(blind, [{ level: 'warning', check: 'acl', todo: /\+info/ }])
})

t.test('a Redis that is set up wrongly is judged by what it says', (t) => {
  const sound = {
    redis_version: '7.2.4',
    role: 'master',
    cluster_enabled: '0',
    maxmemory: '1073741824',
    used_memory: '1048576',
    maxmemory_policy: 'volatile-lru'
  }
  const judged = (changes: Record<string, string>, isCluster = false) => {
    const text = Object.entries({ ...sound, ...changes }).map((pair) => pair.join(':')).join('\r\n')
    return judgeInfo(parseInfo(`# Server\r\n${text}\r\n`), isCluster)
      .filter(({ level }) => level !== 'ok')
      .map(({ level, check }) => `${level} ${check}`)
  }
  t.same(judged({}), [])
  t.same(judged({ redis_version: '6.2.1' }), ['problem version'])
  t.same(judged({ redis_version: '7.2.4', valkey_version: '8.0.1' }), [])
  t.same(judged({ role: 'slave' }), ['problem role'])
  t.same(judged({ cluster_enabled: '1' }), ['problem cluster'])
  t.same(judged({ cluster_enabled: '1' }, true), [])
  t.same(judged({}, true), ['problem cluster'])
  t.same(judged({ maxmemory: '0' }), ['warning memory'])
  t.same(judged({ maxmemory_policy: 'noeviction' }), ['problem memory'])
  t.same(judged({ maxmemory_policy: 'allkeys-lru' }), ['warning memory'])
  t.same(judged({ rdb_last_bgsave_status: 'err' }), ['problem persistence'])
  t.same(judged({ aof_last_write_status: 'err' }), ['problem persistence'])
  t.same(judged({ loading: '1' }), ['problem persistence'])
  t.end()
})

t.test('wrong arguments are one sentence, the usage, and status 2', async (t) => {
  const cases: [args: string[], sentence: RegExp, env?: NodeJS.ProcessEnv][] = [
    [['keys', '--color'], /Unknown option '--color'/],
    [['keys', '--state', 'old'], /--state old is none of fresh, stale, expired, invalid/],
    [['keys', '--limit', 'many'], /--limit many is not a whole number/],
    [['keys'], /No Redis given: use --redis URL, or set REDIS_URL/, {}],
    [['keys', '--limit', '-1'], /--limit needs a value that does not begin with a hyphen/],
    [['keys', '--namespace', 'a b'], /'a b'.*letters/],
    [['keys', '--cursor', 'zzz'], /'zzz' is not a cursor/],
    [['inspect', 'key', '--namespace', ''], /namespace/],
    [['purge', '--tag', ''], /tag/],
    [['get', 'ftp://x'], /ftp:\/\/x is not the URL of an HTTP service/],
    [['get', 'localhost:3010/q'], /give one such as http:\/\/localhost:3010\/q/],
    [['inspect'], /An argument is missing/],
    [['inspect', 'a', 'b'], /Unexpected argument: b/],
    [['purge'], /give --tag T or --key K/],
    [['get', '/products'], /\/products is not the URL/],
    [['get', 'http://127.0.0.1:1/', '-H', 'none'], /is not 'Name: value'/],
    [['top', '--by', 'color'], /--by color is none of service, instance, route/],
    [['doctor'], /Nothing to check/, {}],
    [['doctor', '--redis', 'redis+sentinel://a:1/b'], /Sentinel/]
  ]
  for (const [args, sentence, env] of cases) {
    const { code, out, err } = await weir(args, env === undefined ? {} : { env })
    t.equal(code, 2, args.join(' '))
    t.equal(out, '')
    t.match(err, sentence)
    t.match(err, `Usage: weir ${args[0]} `)
  }
  for (const name of ['audit', 'doctor', 'get', 'inspect', 'keys', 'purge', 'top']) {
    const { code, out } = await weir([name, '--help'])
    t.match([code, out], [0, /^Usage: weir /])
  }
  t.match((await weir(['--version'])).out, /^\d+\.\d+\.\d+\n$/)
})

const ON_REDIS = [['keys'], ['top'], ['inspect', 'key'], ['purge', '--tag', 'a']] as const

t.test('a Redis that cannot be used: its address, the reason, and no noise', async (t) => {
  const control = await server.connect()
  await control.acl('SETUSER', 'locked', 'reset', 'on', '>PASSWORD', '~*', '&*', '+@all', '-info')
  const at = `127.0.0.1:${server.port}`
  const noise = [t.capture(console, 'error'), t.capture(console, 'warn')]
  const cases: [url: string, code: number, reason: RegExp][] = [
    ['redis://127.0.0.1:1', 1, /Redis at 127\.0\.0\.1:1 cannot be used: connect ECONNREFUSED/],
    ['redis+cluster://127.0.0.1:1,127.0.0.1:2', 1, /Redis at 127\.0\.0\.1:1 .*ECONNREFUSED/],
    ['redis+sentinel://127.0.0.1:1/name', 1, /Redis at 127\.0\.0\.1:1 .*ECONNREFUSED/],
    [`redis://locked:wrong@${at}`, 1, new RegExp(`Redis at ${at} cannot be used: WRONGPASS`)],
    [`redis://${at}/99`, 1, /DB index is out of range/],
    [`redis://${at}/abc`, 2, /a path that is not a database number/],
    ['http://x', 2, /--redis is not the URL of a Redis/],
    ['notaurl', 2, /--redis is not a URL/],
    ['redis:///0', 2, /--redis has no host/]
  ]
  for (const [url, code, reason] of cases) {
    const isSentinel = url.startsWith('redis+sentinel:')
    for (const command of [...ON_REDIS, ...(isSentinel ? [] : [['doctor']])]) {
      const args = [...command, '--redis', url]
      const text = await weir(args)
      t.equal(text.code, code, args.join(' '))
      const isFinding = command[0] === 'doctor' && code === 1
      t.match(isFinding ? text.out : text.err, reason)
      if (isFinding) continue
      t.equal(text.out, '')
      const { code: again, json } = await weir([...args, '--json'])
      t.match([again, json()], [code, { error: { code: /^WEIR_/, message: reason } }])
    }
  }
  await weir(['keys', '--redis', `redis://locked:PASSWORD@${at}`])
  t.same(noise.flatMap((captured) => captured()), [])
})

t.test('a server that accepts connections and never answers', async (t) => {
  const silent = createServer()
  t.teardown(() => silent.close())
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const at = `127.0.0.1:${(silent.address() as AddressInfo).port}`
  await t.rejects(reach(`redis://${at}`, 100), {
    message: `Redis at ${at} does not answer within 0.1 s`
  })
  await t.rejects(reach(`rediss://${at}`, 100), { message: /^Redis at .* cannot be used: / })
})

t.test('a reader that closes the pipe ends it quietly, a full disk with a sentence', async (t) => {
  const main = fileURLToPath(new URL('../src/cli/main.js', import.meta.url))
  const run = async (args: readonly string[], stdout: 'pipe' | number) => {
    const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', stdout, 'pipe'] })
    // Closed long before the program has started.
    child.stdout?.destroy()
    let err = ''
    child.stderr?.on('data', (chunk: Buffer) => { err += chunk.toString() })
    await once(child, 'close')
    return { code: child.exitCode, err }
  }
  const full = openSync('/dev/full', 'w')
  t.teardown(() => { closeSync(full) })
  const [closed, noSpace] = await Promise.all([run(['--help'], 'pipe'), run(['--help'], full)])
  t.same(closed, { code: 0, err: '' })
  t.match(noSpace, { code: 1, err: /^weir cannot write: .*ENOSPC.*\.\n$/ })
})

t.test('an address that does not answer, and an event stream, which does not end', async (t) => {
  const gone = await weir(['get', 'http://127.0.0.1:1/'])
  t.match([gone.code, gone.err], [1, /^weir get: http:\/\/127\.0\.0\.1:1\/ does not answer: /])
  const events = createHttpServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n')
  })
  t.teardown(() => { events.closeAllConnections(); events.close() })
  events.listen(0, '127.0.0.1')
  await once(events, 'listening')
  const url = `http://127.0.0.1:${(events.address() as AddressInfo).port}`
  t.match((await weir(['get', `${url}/events`, '--explain'])).out, /^200 in .* ms, a stream\n/)
  t.match((await weir(['get', `${url}/events`, '--json'])).json(), { status: 200, bytes: null })
})

t.test('purge reports a namespace that no cache has, and does not create it', async (t) => {
  const store = redisStore({ url: server.url })
  t.teardown(() => store.close())
  await createCache({ store, namespace: 'known' }).set('a', 1, { ttl: '1m' })
  const wrong = await weir(['purge', '--namespace', 'typo', '--tag', 'x'])
  t.match([wrong.code, wrong.err], [1, /no cache has the namespace typo\. There are: .*known/])
  t.notOk((await store.namespaces?.())?.names.includes('typo'))
})

t.test('a cache of values is listed and purged by key', async (t) => {
  const store = redisStore({ url: server.url, prefix: 'app' })
  t.teardown(() => store.close())
  const cache = createCache({ store, namespace: 'values', name: 'a' })
  await cache.set('key\u001b[31m', { b: 1 }, { ttl: '1m' })
  const at = ['--namespace', 'values', '--prefix', 'app']
  t.notMatch((await weir(['keys', ...at])).out, '\u001b', 'no key changes the terminal')
  t.match((await weir(['inspect', 'key\u001b[31m', ...at])).out, '{ b: 1 }')
  t.equal((await weir(['purge', '--key', 'key\u001b[31m', ...at])).code, 0)
  t.equal(await cache.get('key\u001b[31m'), undefined)
})

t.test('text for people', (t) => {
  t.same([bytes(5), bytes(1536), bytes(5 * 1024 ** 3)], ['5 B', '1.5 KiB', '5.0 GiB'])
  t.same([59_000, 90_000, 7_200_000, 172_800_000].map(age), ['59 s', '2 min', '2 h', '2 d'])
  t.equal(table(['A', 'NUMBER'], [['abc', '1']], [1]), 'A    NUMBER\nabc       1\n')
  t.equal(printable('a\nb\u0000\u009b'), 'a b\ufffd\ufffd')
  t.equal(printable('\u202eb\u2066c\u200f'), '\\u202eb\\u2066c\\u200f')
  const wide = [['fresh', 'x'.repeat(100), '1', 'y'.repeat(40)]]
  for (let columns = 30; columns < 160; columns++) {
    const lines = table(['STATE', 'KEY', 'N', 'TAGS'], wide, [2], columns).trimEnd().split('\n')
    const longest = Math.max(...lines.map(({ length }) => length))
    const whole = 'fresh'.length + 100 + 1 + 40 + 6
    if (longest !== Math.min(columns, whole)) t.equal(longest, Math.min(columns, whole))
  }
  t.end()
})

t.test('advise: the routes of a fleet, the reasons of one, and failures', async (t) => {
  await (await server.connect()).flushall()
  t.match(await weir(['advise']), { code: 1, err: /No instance has observed requests: register/ })
  const url = await listen(t, (app) => {
    app.get('/cached', cached, async () => 'x')
    app.register(shadow).after(() => {
      app.get('/products/:id', async () => 'the same')
      app.get('/mine', async ({ headers }) => String(headers.cookie))
    })
  })
  for (const cookie of ['a=1', 'a=2', 'a=1']) {
    await fetch(`${url}/mine`, { headers: { cookie } })
    await fetch(`${url}/products/1`)
  }
  const read = async () => (await weir(['advise', '--json'])).json() as { routes?: unknown[] }
  let shown = await read()
  // Instances report once a second, and renew what they have observed every five.
  for (let i = 0; i < 150 && shown.routes?.length !== 2; i++) {
    await new Promise((resolve) => { setTimeout(resolve, 100) })
    shown = await read()
  }
  t.match(shown, {
    routes: [
      { service: 'shop', route: String, verdict: String }, { service: 'shop' }
    ],
    cached: [{ service: 'shop', route: 'GET /cached' }]
  })
  const all = await weir(['advise'])
  t.match(all.out, /^ *SAVES +HIT RATIO +TTL +VERDICT +ROUTE +REASON\n/)
  t.match(all.out, /do not share +shop GET \/mine +USER/)
  t.match(all.out, /more data +shop GET \/products\/:id +FEW_REQUESTS[^]*1 routes are cached already/)
  t.match((await weir(['advise', '--route', '/mine'])).out,
    /^shop GET \/mine: do not share\n3 requests of 1 processes \(3 observed, 0 pairs compared\), [^]*USERS?_[A-Z]+ {2}[^]*TTL +HIT RATIO/)
  t.match(await weir(['advise', '--route', '/cached']), { code: 1, err: /GET \/cached is cached/ })
  t.match(await weir(['advise', '--route', '/none']), { code: 1, err: /of a route with \/none/ })
  t.match(await weir(['advise', '--unknown', '/none']), { code: 2 })
})
