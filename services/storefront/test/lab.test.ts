import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { readFile } from 'node:fs/promises'
import { startRedis } from '@weir/internal/testing'
import { type FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import { Value } from 'typebox/value'
import { LabWorker } from '../src/lab/lab-worker.js'
import { percentile, runLoad, runPath, type Way, WAYS, type Work } from '../src/lab/load.js'
import { RunSchema } from '../src/lab/schemas.js'
import { build, FORM, json, startFake, tempDir } from './support/world.js'

/** Starts two instances on one store, with the lab enabled. */
async function start (t: Test, shared: Record<string, string> = {}) {
  const env = { DATA_DIR: await tempDir(t), LAB: 'true', ...shared }
  const apps = [
    await build(t, { ...env, INSTANCE: 'shop-1' }),
    await build(t, { ...env, INSTANCE: 'shop-2' })
  ] as const
  const run = async (
    which: 0 | 1,
    way: Way,
    work: Work = 'query',
    headers: Record<string, string> = {}
  ) => {
    const {
      statusCode,
      headers: sent,
      body
    } = await apps[which].inject({ url: runPath(way, work), headers })
    const result: unknown = statusCode === 200 ? JSON.parse(body) : undefined
    if (!Value.Check(RunSchema, result)) throw new Error(`${statusCode} ${body}`)
    return { ...result, sent }
  }
  /** Returns the origin of a run's result in short form: `computed by shop-1: 3`. */
  const told = async (...asked: Parameters<typeof run>) => {
    const { origin, computedBy, computation, sent } = await run(...asked)
    return `${/; hit/.test(String(sent['cache-status'])) ? 'response' : origin} by ${computedBy}: ${computation}`
  }
  const forget = (which: 0 | 1, headers: Record<string, string> = {}) =>
    apps[which].inject({
      method: 'POST',
      url: '/shop/lab/forget',
      headers: { 'content-type': FORM, 'sec-fetch-site': 'same-origin', ...headers }
    })
  return { apps, run, told, forget }
}

/** Runs each way on both instances, and forgets. Computations are counted, not timed. */
async function sharesAsTold (
  t: Test,
  { told, forget, run }: Awaited<ReturnType<typeof start>>,
  work: Work
): Promise<void> {
  const before = [
    (await run(0, 'uncached', work)).computation,
    (await run(1, 'uncached', work)).computation
  ] as const
  const by = (which: 0 | 1, more: number) => `by shop-${which + 1}: ${before[which] + more}`
  t.strictSame(
    [await told(0, 'uncached', work), await told(0, 'uncached', work)],
    [`computed ${by(0, 1)}`, `computed ${by(0, 2)}`]
  )
  t.strictSame(
    [
      await told(0, 'memoized', work),
      await told(0, 'memoized', work),
      await told(1, 'memoized', work),
      await told(1, 'memoized', work)
    ],
    [`computed ${by(0, 3)}`, `memory ${by(0, 3)}`, `computed ${by(1, 1)}`, `memory ${by(1, 1)}`],
    'each process has its own'
  )
  t.strictSame(
    [await told(0, 'stored', work), await told(0, 'stored', work), await told(1, 'stored', work)],
    [`computed ${by(0, 4)}`, `store ${by(0, 4)}`, `store ${by(0, 4)}`],
    'one computes for all'
  )
  t.strictSame(
    [await told(0, 'cached', work), await told(0, 'cached', work), await told(1, 'cached', work)],
    [`computed ${by(0, 5)}`, `response ${by(0, 5)}`, `response ${by(0, 5)}`],
    'no handler runs'
  )
  t.equal(
    await told(1, 'cached', work, { 'cache-control': 'no-cache' }),
    `response ${by(0, 5)}`,
    'a browser that bypasses its own cache gets a hit'
  )

  const forgotten = await forget(0)
  t.match(
    { status: forgotten.statusCode, to: forgotten.headers.location },
    { status: 303, to: '/shop/lab?work=fibonacci&forgotten=shop-1' }
  )
  t.strictSame(
    [
      await told(0, 'memoized', work),
      await told(1, 'memoized', work),
      await told(1, 'stored', work),
      await told(1, 'cached', work)
    ],
    [`computed ${by(0, 6)}`, `memory ${by(1, 1)}`, `computed ${by(1, 2)}`, `computed ${by(1, 3)}`],
    'everything is cold except the other process'
  )
}

t.test('over files: the second instance computes memoized results only', async (t) => {
  const world = await start(t)
  await sharesAsTold(t, world, 'fibonacci')
  const { apps: [app], run } = world

  t.test('storing rules for browsers', async (t) => {
    for (const { way } of WAYS) {
      const { sent } = await run(0, way)
      t.equal(sent['cache-control'], way === 'cached' ? 'public, no-cache' : 'no-store', way)
    }
    const { sent: { etag } } = await run(0, 'cached')
    const again = await app.inject({
      url: runPath('cached', 'query'),
      headers: { 'if-none-match': String(etag) }
    })
    t.strictSame([again.statusCode, again.body], [304, ''])
  })

  t.test('concurrent requests of one process are one computation', async (t) => {
    await world.forget(0)
    for (const way of ['memoized', 'stored'] as const) {
      const all = await Promise.all(Array.from({ length: 6 }, () => run(0, way)))
      t.equal(new Set(all.map(({ computation }) => computation)).size, 1, way)
      t.strictSame(
        all.map(({ origin }) => origin).sort(),
        [...Array<string>(5).fill('coalesced'), 'computed'],
        way
      )
    }
  })

  t.test(
    'more than an instance can compute soon is refused, and other requests do not wait for it',
    async (t) => {
      const all = Array.from({ length: 20 }, async () =>
        app.inject(runPath('uncached', 'fibonacci'))
      )
      const health = await app.inject('/health/live')
      t.equal(health.statusCode, 200)
      const answers = await Promise.all(all)
      const refused = answers.filter(({ statusCode }) => statusCode === 503)
      t.equal(answers.filter(({ statusCode }) => statusCode === 200).length + refused.length, 20)
      t.ok(refused.length > 0 && refused.length <= 12, `${refused.length} refused`)
      for (const { headers, body } of refused) {
        t.match(headers, {
          'retry-after': '1',
          'content-type': 'application/problem+json',
          'cache-control': 'no-store'
        })
        t.match(JSON.parse(body), { code: 'STOREFRONT_ERR_LAB_BUSY' })
      }
      t.match(
        await run(0, 'uncached', 'fibonacci'),
        { value: 'fibonacci(34) = 5,702,887' },
        'and then it takes more'
      )
    }
  )

  t.test('invalid requests', async (t) => {
    for (const url of [
      '/shop/lab/run/uncached?work=pi',
      '/shop/lab?way=all',
      '/shop/lab?way=cached&work='
    ]) {
      const { statusCode, headers, body } = await app.inject(url)
      t.match(
        { statusCode, type: headers['content-type'], body: JSON.parse(body) as unknown },
        { statusCode: 400, type: 'application/problem+json', body: { errors: [{}] } },
        url
      )
    }
    t.equal((await app.inject('/shop/lab/run/guessed')).statusCode, 404)
    t.equal((await world.forget(0, { 'sec-fetch-site': 'cross-site' })).statusCode, 403)
  })

  t.test('without scripts: each way is a page with the result', async (t) => {
    const forgotten = await app.inject({
      method: 'POST',
      url: '/shop/lab/forget',
      payload: 'work=query',
      headers: { 'content-type': FORM, 'sec-fetch-site': 'same-origin' }
    })
    const page = async (query: string) =>
      app.inject({ url: `/shop/lab${query}`, headers: { accept: 'text/html' } })
    const told = (await page(String(forgotten.headers.location).replace('/shop/lab', ''))).body
    t.match(
      told,
      /data-forgotten>Forgotten: the results in the shared store, and those that shop-1 has memoized\. Other instances may still/
    )
    t.match(told, 'value="query" checked', 'the choice is kept')
    const first = await page('')
    t.notMatch(first.body, /Forgotten:|Caching is off/)
    t.match(first.headers, {
      'cache-control': 'no-store',
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': /script-src 'self'/
    })
    t.match(first.body, /No runs yet: choose one of the ways above\..*shop-1/)
    for (const { way, label } of WAYS) {
      t.match(first.body, new RegExp(`name="way" value="${way}"[^>]*>${label}<`))
    }
    for (const { way, label } of WAYS) {
      const { body } = await page(`?way=${way}&work=query`)
      t.match(body, new RegExp(`<strong>\\d[\\d.]* ms</strong> ${label}, computed`), `${way}, cold`)
      t.match(body, /products \d+ and \d+ were bought together \d+ times/)
      t.match(body, 'value="query" checked')
    }
    for (const [way, origin] of [
      ['uncached', 'computed'],
      ['memoized', 'memory'],
      ['stored', 'store'],
      ['cached', 'hit']
    ]) {
      t.match(
        (await page(`?way=${way}&work=query`)).body,
        new RegExp(`ms</strong> [^<]*, ${origin}<`),
        `${way}, warm`
      )
    }
    t.match(
      (await page('?way=cached&work=query')).body,
      /No handler ran on shop-1\. Computed by shop-1/
    )
    const crowd = await Promise.all(Array.from({ length: 12 }, () => page('?way=uncached')))
    const refused = crowd.filter(({ statusCode }) => statusCode === 503)
    t.ok(refused.length > 0)
    for (const { headers, body } of refused) {
      t.equal(headers['retry-after'], '1')
      t.match(body, /class="mistake">The lab of this instance has 8 computations/)
    }
  })

  t.test('it is linked where it exists, and does not exist where it is disabled', async (t) => {
    t.match((await app.inject('/shop/account')).body, 'href="/shop/lab"')
    const plain = await build(t, { DATA_DIR: await tempDir(t) })
    t.notMatch((await plain.inject('/shop/account')).body, 'href="/shop/lab"')
    for (const url of ['/shop/lab', runPath('cached', 'query')]) {
      t.equal((await plain.inject(url)).statusCode, 404)
    }
  })
})

t.test('over Redis: the same, and while it is unavailable each request computes', async (t) => {
  const redis = await startRedis(t)
  const world = await start(t, { REDIS_URL: redis.url })
  await sharesAsTold(t, world, 'query')
  await redis.kill()
  const { apps: [app], run, forget } = world
  await run(0, 'memoized')
  t.equal((await run(0, 'memoized')).origin, 'memory', 'memory needs no store')
  for (const way of ['stored', 'cached'] as const) {
    const [one, other] = [await run(0, way), await run(0, way)]
    t.strictSame(
      [one.origin, other.origin, other.computation - one.computation],
      ['computed', 'computed', 1],
      way
    )
  }
  const refused = await forget(0, { accept: 'application/json' })
  t.match(
    [refused.statusCode, refused.body],
    [503, /LAB_NOT_FORGOTTEN|The shared store does not answer/]
  )
  t.equal((await app.inject('/shop/lab')).statusCode, 200)
})

t.test('the lab with CACHE=off shows it: only the response cache is disabled', async (t) => {
  const world = await start(t, { CACHE: 'off' })
  t.match(
    (await world.apps[0].inject('/shop/lab')).body,
    /Caching is off.*“Cached response” computes each time/s
  )
  t.strictSame(
    [await world.run(0, 'cached'), await world.run(0, 'cached')].map(
      ({ computation }) => computation
    ),
    [1, 2]
  )
  await world.run(0, 'memoized')
  t.equal((await world.run(0, 'memoized')).origin, 'memory')
})

t.test('each way has one color, in the lab and in the console', async (t) => {
  const read = (path: string) => readFile(new URL(`../../../../${path}`, import.meta.url), 'utf8')
  const [lab, page, tokens] = await Promise.all(
    [
      'services/storefront/assets/lab.css',
      'packages/console/ui/pages/compare-ways.tsx',
      'packages/console/ui/style/tokens.css'
    ].map(read)
  )
  const colorOf = (text = '', name = '') =>
    new RegExp(`--${name}: (light-dark\\([^)]*\\))`).exec(text)?.[1]
  for (const { way } of WAYS) {
    const token = new RegExp(`\\b${way}: '([\\w-]+)'`).exec(page ?? '')?.[1]
    t.type(colorOf(lab, way), 'string', way)
    t.equal(colorOf(lab, way), colorOf(tokens, token), way)
  }
})

t.test(
  'the lab has a separate limit, and a run by the page counts for its client',
  async (t) => {
    const app = await build(t, {
      DATA_DIR: await tempDir(t),
      LAB: 'true',
      RATE_LIMIT_ALLOW: '',
      INSTANCE: 'shop-1'
    })
    const left = async (remoteAddress: string) => {
      const { headers } = await app.inject({ url: runPath('cached', 'query'), remoteAddress })
      t.match(headers['ratelimit-policy'], /"lab";q=1500;w=60/)
      return Number(/"lab";r=(\d+)/.exec(String(headers.ratelimit))?.[1])
    }
    t.equal(await left('192.0.2.1'), 1499)
    t.equal(await left('192.0.2.2'), 1499)
    const handled: string[] = []
    const onHandler = (message: unknown) => {
      const { request } = message as { request: FastifyRequest }
      handled.push(`${request.ip} ${request.routeOptions.url}`)
    }
    subscribe('tracing:fastify.request.handler:start', onHandler)
    await app.inject({ url: '/shop/lab?way=stored&work=query', remoteAddress: '192.0.2.3' })
    unsubscribe('tracing:fastify.request.handler:start', onHandler)
    t.strictSame(handled, ['192.0.2.3 /shop/lab', '192.0.2.3 /shop/lab/run/stored'])
  }
)

t.test('the worker: bounded, and another thread replaces one that ended or does not respond', async (t) => {
  const bounded = new LabWorker({ most: 2 })
  const jobs = [bounded.run('fibonacci'), bounded.run('query')]
  await t.rejects(bounded.run('query'), {
    code: 'STOREFRONT_ERR_LAB_BUSY',
    headers: { 'retry-after': '1' }
  })
  t.match(await Promise.all(jobs), [{ value: 'fibonacci(34) = 5,702,887' }, { value: /^products/ }])
  t.match(await bounded.run('query'), { value: /^products/ })
  const ended = bounded.run('fibonacci')
  const closed = bounded.close()
  await t.rejects(ended, { code: 'STOREFRONT_ERR_LAB_FAILED' })
  await closed
  await t.rejects(bounded.run('query'), { code: 'STOREFRONT_ERR_LAB_FAILED' })

  const program = (onMessage: string) => {
    const text = `import { parentPort } from 'node:worker_threads'; parentPort.on('message', ({ id }) => { ${onMessage} })`
    return new URL(`data:text/javascript,${encodeURIComponent(text)}`)
  }
  // The second job of each thread ends it.
  const dying = new LabWorker({
    program: program(
      "if (id % 2) parentPort.postMessage({ id, value: 'x', ms: 1 }); else throw new Error('by design')"
    )
  })
  t.match(await dying.run('query'), { id: 1 })
  await t.rejects(dying.run('query'), {
    code: 'STOREFRONT_ERR_LAB_FAILED',
    cause: { message: 'by design' }
  })
  t.match(await dying.run('query'), { id: 3 })
  await dying.close()
  const silent = new LabWorker({ program: program(''), deadline: 1 })
  const lost = await Promise.allSettled([silent.run('query'), silent.run('query')])
  t.match(lost, [
    { reason: { code: 'STOREFRONT_ERR_LAB_FAILED', cause: { message: 'no result within 1 ms' } } },
    { reason: { code: 'STOREFRONT_ERR_LAB_FAILED' } }
  ])
  await silent.close()
})

t.test('a load: bounded, warmed up, with refusals counted separately', async (t) => {
  const STATUSES = [200, 200, 503, 200, 429, 200, 500, 200, 200, 200]
  let answered = 0
  // Answers wait for three pending requests: fewer at once would never end.
  let waiting: (() => void)[] = []
  const fake = await startFake(t, (request, response) => {
    const status = ++answered <= 3 ? 200 : STATUSES[answered % STATUSES.length] ?? 0
    waiting.push(() => { json({ detail: 'no' }, status)(request, response) })
    if (waiting.length < 3) return
    for (const answer of waiting) answer()
    waiting = []
  })
  const result = await runLoad({ url: fake.origin, requests: 21, concurrency: 3 })
  t.equal(fake.asked.length, 24)
  t.match(result, { answered: 14, refused: 5, failed: 2 })
  const { perSecond, p50 = 0, p95 = 0, p99 = 0 } = result
  t.ok(perSecond > 0 && p50 > 0 && p50 <= p95 && p95 <= p99)

  fake.answer = json({ detail: 'Slow down.' }, 429, { 'retry-after': '7' })
  await t.rejects(runLoad({ url: fake.origin, requests: 5, concurrency: 1 }), {
    message: 'Slow down. Retry after 7 s.',
    status: 429,
    retryAfter: 7
  })
  fake.answer = (_request, response) => { response.writeHead(404).end('nothing') }
  await t.rejects(runLoad({ url: fake.origin, requests: 5, concurrency: 1 }), {
    message: 'The shop refused the request (status 404) and gave no reason.',
    status: 404
  })
  fake.answer = (request) => { request.socket.destroy() }
  await t.rejects(runLoad({ url: fake.origin, requests: 5, concurrency: 1 }), {
    message: /^The shop does not answer: .* Try again in a few seconds\.$/,
    status: 0
  })
  const stopped = AbortSignal.abort(new Error('stopped'))
  await t.rejects(runLoad({ url: fake.origin, requests: 5, concurrency: 1, signal: stopped }), {
    message: 'stopped'
  })

  const times = Array.from({ length: 100 }, (_, i) => i + 1)
  t.strictSame([50, 95, 99, 100].map((percent) => percentile(times, percent)), [50, 95, 99, 100])
  t.equal(percentile([], 50), undefined)
  t.equal(percentile([4], 99), 4)
})
