import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { memoryStore } from '@weir/cache/memory'
import responseCache from '@weir/fastify/response-cache'
import { fastify } from 'fastify'
import t from 'tap'
import {
  assertNoFindings, audit, type AuditOptions, type AuditReport, formatReport, formatSarif
} from '../src/index.js'
import { CATALOGUE } from '../src/catalogue.js'
import { isLoopback } from '../src/target/loopback.js'
import { openapiRoutes } from '../src/routes/openapi.js'
import { naiveCache } from './naive-cache.js'

/** The part of the schema that lists the checks. */
interface Checks {
  readonly properties: { readonly check: { readonly enum: readonly string[] } }
}
interface SchemaOfReport {
  readonly properties: { readonly findings: { readonly items: Checks } }
}

interface Sarif {
  readonly runs: ReadonlyArray<{
    readonly results: ReadonlyArray<{ readonly partialFingerprints: object }>
  }>
}

const simple = () => {
  const app = fastify()
  app.get('/', async () => 'hello')
  return app
}

t.test('only loopback addresses are audited', async (t) => {
  const refused = [
    'http://192.0.2.1', 'http://10.0.0.1', 'http://[2001:db8::1]', 'http://169.254.169.254',
    'http://0.0.0.0:1', 'http://[::]:1', 'http://[::ffff:192.0.2.1]'
  ]
  for (const url of refused) {
    await t.rejects(audit(url), { code: 'WEIR_AUDIT_NOT_LOOPBACK' }, url)
  }
  for (const address of ['127.0.0.1', '127.255.1.2', '::1', '::ffff:127.0.0.1']) {
    t.ok(isLoopback(address), address)
  }
  for (const address of ['128.0.0.1', '126.255.255.255', '::2', '::ffff:128.0.0.1']) {
    t.notOk(isLoopback(address), address)
  }
})

t.test('wrong options fail at once', async (t) => {
  const wrong: [AuditOptions, RegExp][] = [
    [{ routes: ['products'] }, /routes has 'products'/],
    [{ routes: ['PURGE /a'] }, /routes has 'PURGE \/a'/],
    [{ ignore: ['logout'] }, /ignore has 'logout'/],
    [{ users: [{ cookie: 'a' }] }, /one user/],
    [{ maxRequests: 0 }, /maxRequests 0/],
    [{ maxTime: '1 minute' }, /maxTime '1 minute' is not a duration/],
    [{ timeout: 0 }, /timeout 0/]
  ]
  for (const [options, message] of wrong) {
    await t.rejects(audit(simple, options), { code: 'WEIR_AUDIT_INVALID_OPTION', message })
  }
  await t.rejects(audit('ftp://localhost'), { code: 'WEIR_AUDIT_INVALID_OPTION' })
  await t.rejects(audit(() => fastify()), { code: 'WEIR_AUDIT_NO_ROUTES' })
  await t.rejects(audit('http://127.0.0.1:1'), { code: 'WEIR_AUDIT_UNREACHABLE' })
})

t.test('an audit is bounded, and says what it left out', async (t) => {
  const short = await audit(simple, { maxRequests: 10 })
  t.match(short, { requests: 10, incomplete: /10 requests/ })
  t.throws(() => { assertNoFindings(short) }, { code: 'WEIR_AUDIT_FINDINGS', message: /incomplete/ })
  t.match(formatReport(short), /The audit is incomplete: the audit sent its 10 requests/)

  let logouts = 0
  const build = () => {
    const app = fastify({ forceCloseConnections: true })
    app.get('/stream', (_request, reply) => { reply.hijack().raw.write('endless') })
    app.get('/logout', async () => ++logouts)
    app.get('/users/:id', async (_request, reply) => reply.code(404).send())
    app.get('/ok', async () => 'ok')
    return app
  }
  const built = await audit(build, { ignore: ['/logout'], timeout: 100 })
  t.equal(logouts, 0)
  t.match(new Map(built.routes.map((route) => [route.url, route.skipped])), new Map([
    ['/stream', /no complete response/],
    ['/ok', undefined],
    ['/users/:id', /no example URL/]
  ]))
  t.match(formatReport(built), /Routes: 1 audited, 2 skipped; caching was seen on 0/)
})

t.test('routes of a server come from links, and from a description', async (t) => {
  const seen: string[] = []
  const server = createServer(({ url = '' }, response) => {
    seen.push(url)
    response.setHeader('content-type', 'text/html')
    if (/^\/(?:\?|$)/.test(url)) response.end('<a href="/about?lang=en">About</a> <a href="//x/y">')
    else response.writeHead(url.startsWith('/about') ? 200 : 404).end('About')
  })
  t.teardown(() => { server.close() })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const { port } = server.address() as AddressInfo
  const url = `http://localhost:${port}`
  const linked = await audit(url)
  t.strictSame(linked.routes.map(({ route }) => route), ['GET /', 'GET /about'])
  t.strictSame(linked.findings, [])
  t.ok(seen.every((one) => !one.startsWith('//x')))

  const openapi = {
    paths: {
      '/about/{id}': {
        get: {
          parameters: [
            { name: 'id', in: 'path', schema: { type: 'integer', minimum: 4 } },
            { $ref: '#/components/parameters/Tenant' },
            { name: 'of', in: 'query', required: true, example: 'us' }
          ]
        }
      },
      '/about': { post: {} }
    },
    components: { parameters: { Tenant: { name: 'X-Tenant', in: 'header' } } }
  }
  t.match(openapiRoutes(openapi), [{ headers: ['x-tenant'], required: ['of'] }])
  const described = await audit(url, { openapi })
  t.match(described.routes, [{ route: 'GET /about/{id}', url: '/about/4?of=us' }])
})

t.test('an app that changes on its own has no findings', async (t) => {
  let count = 0
  const build = () => {
    const app = fastify()
    const cache = naiveCache({})
    app.get('/counter', cache, async () => `Visit ${++count} at ${process.hrtime.bigint()}`)
    app.get('/list', cache, async () => 'x '.repeat(++count % 7))
    app.get('/flaky', cache, async (_request, reply) => reply.code(++count % 5 === 0 ? 503 : 200)
      .send('sometimes'))
    return app
  }
  assertNoFindings(await audit(build))
  const app = build()
  t.teardown(() => app.close())
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const report: AuditReport = await audit(url, { routes: ['/counter', '/list', '/flaky'] })
  t.strictSame(report.findings, [])
  t.equal(report.routes[0]?.cached, 'unchanged', 'a counter that stops is a cache')
})

/** Returns a generator of numbers from 0 to 1, the same for the same seed. */
const randomOf = (seed: number) => () => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
  return seed / 2 ** 32
}

t.test('apps that answer at random have no findings', async (t) => {
  const words = ['red', 'green', 'blue', 'teal', 'pink']
  const build = (seed: number, random = randomOf(seed)) => async () => {
    // Some apps repeat themselves after each start.
    if (seed % 2 === 1) random = randomOf(seed)
    const app = fastify()
    await app.register(responseCache, { store: memoryStore() })
    const pick = (count: number, rate: number) =>
      random() < rate ? words[Math.floor(random() * count)] : words[0]
    const caches = {
      weir: { config: { cache: { ttl: '1m' as const } } },
      naive: naiveCache({ statuses: [200, 404] }),
      none: {}
    }
    for (const [name, cache] of Object.entries(caches)) {
      const rate = [0.1, 0.25, 0.5][Math.floor(random() * 3)] ?? 0.5
      const status = [403, 404, 503][Math.floor(random() * 3)] ?? 404
      app.get(`/${name}/pair`, cache, async () => ({ v: pick(2, 2 * rate) }))
      app.get(`/${name}/three`, cache, async () => [pick(5, 1), pick(5, 1), pick(5, 1)])
      app.get(`/${name}/private`, cache, (_request, reply) =>
        reply.header('cache-control', name === 'none' ? 'private' : 'max-age=9').send(pick(2, 1)))
      app.get(`/${name}/status`, cache, (_request, reply) => random() < rate
        ? reply.code(status).send({})
        : reply.header('x-shelf', pick(2, rate)).send({ v: 1 }))
    }
    return app
  }
  for (const seed of [1, 2, 3]) {
    const report = await audit(build(seed), { users: [{ cookie: 'a=1' }, { cookie: 'a=2' }] })
    t.strictSame(report.findings, [], `seed ${seed}`)
    t.notOk(report.incomplete)
    t.comment(`${report.requests} requests in ${report.took} ms`)
  }
})

t.test('only GET and HEAD are sent, and routes with other methods are refused', async (t) => {
  const methods = new Set<string>()
  const app = fastify()
  t.teardown(() => app.close())
  app.addHook('onRequest', async ({ method }) => { methods.add(method) })
  app.all('/search', async () => 'found')
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  for (const method of app.supportedMethods.filter((name) => !/^(?:GET|HEAD)$/.test(name))) {
    for (const name of [method, method.toLowerCase()]) {
      for (const target of [app, url]) {
        await t.rejects(audit(target, { routes: ['/search', `${name} /search`] }), {
          code: 'WEIR_AUDIT_INVALID_OPTION', message: /only GET and HEAD are sent/
        }, name)
      }
    }
  }
  t.strictSame([...methods], [])
  await audit(app, { routes: ['/search', 'HEAD /search'] })
  t.strictSame([...methods].sort(), ['GET', 'HEAD'])
})

t.test('a report has the shape of its schema, and becomes SARIF', async (t) => {
  const read = (name: string) => readFile(new URL(`../../${name}`, import.meta.url), 'utf8')
  const schema = JSON.parse(await read('report.schema.json')) as SchemaOfReport
  const strict = { coerceTypes: false, removeAdditional: false } as const
  const customOptions = { ...strict, allowUnionTypes: true }
  const validator = fastify({ ajv: { customOptions } })
  validator.post('/', { schema: { body: schema } }, async () => 'valid')
  const verdictOn = async (report: AuditReport) =>
    (await validator.inject({ method: 'POST', url: '/', body: report })).body
  const build = () => {
    const app = fastify()
    // The cache ignores what the handler reads.
    app.get('/', naiveCache({}), async ({ headers }) => `Shop ${String(headers['x-shop'])}`)
    app.get('/users/:id', async (_request, reply) => reply.code(404).send())
    return app
  }
  const report = await audit(build)
  t.match(report.findings, [{ check: 'unkeyed-header' }])
  t.equal(await verdictOn(report), 'valid')
  const short = await audit(simple, { maxRequests: 10 })
  t.equal(await verdictOn(short), 'valid')
  t.strictSame(schema.properties.findings.items.properties.check.enum, Object.keys(CATALOGUE))
  const [finding] = report.findings
  t.match(await verdictOn({ ...report, took: 0.5 }), /took must be integer/)
  t.match(await verdictOn({ ...report, findings: finding ? [{ ...finding, evidence: [] }] : [] }), /evidence/)

  const sarif = JSON.parse(formatSarif(report, 'src/app.ts')) as Sarif
  t.match(sarif, {
    version: '2.1.0',
    runs: [{
      tool: { driver: { rules: [{ id: 'unkeyed-header' }] } },
      invocations: [{ executionSuccessful: true }],
      results: [{
        ruleId: 'unkeyed-header',
        level: 'error',
        message: { text: /^GET \/: x-shop [^]*1\. curl / },
        locations: [{ physicalLocation: { artifactLocation: { uri: 'src/app.ts' } } }]
      }]
    }]
  })
  const printOf = (of: AuditReport) => (JSON.parse(formatSarif(of, 'a')) as Sarif)
    .runs[0]?.results[0]?.partialFingerprints
  t.strictSame(printOf(await audit(build)), printOf(report), 'the same fault is the same alert')
  t.match(JSON.parse(formatSarif(short, 'a')), {
    runs: [{ invocations: [{ executionSuccessful: false }], results: [] }]
  })
})

t.test('each check is in the guide, with its severity', async (t) => {
  const guide = await readFile(
    new URL('../../../../docs/guides/audit.md', import.meta.url), 'utf8')
  t.strictSame(
    [...guide.matchAll(/^\| `([a-z-]+)` \| (high|medium|low) \|/gm)].map(([, id, weight]) => [id, weight]),
    Object.entries(CATALOGUE).map(([id, { severity }]) => [id, severity])
  )
})
