import t, { type Test } from 'tap'
import { isHit, ours } from './cache-status.js'
import { type Answer } from './client.js'
import { type Fields, type OriginRequest, type Scripted } from './origin.js'
import { failingStore } from './failing-store.js'
import { type Proxied, proxiedApp } from './proxied-app.js'
import { gate } from './tally.js'
import { twoApps } from './two-apps.js'

const FRESH = { 'cache-control': 'max-age=600' }
const feeding = (path: string, body: Scripted['body'], more: Fields = {}): Scripted => ({
  headers: { ...FRESH, 'content-location': path, ...more },
  body: body ?? ''
})
const FROM_ORIGIN: Scripted = { headers: { 'cache-control': 'no-store' }, body: 'from the origin' }

t.test(
  'RFC 9110 9.3.3: a response to POST with its target as Content-Location answers GET and HEAD',
  async (t) => {
    const { origin, get, send } = await proxiedApp(t)
    for (const [path, body] of [
      ['/whole', 'text'],
      ['/parts', ['te', 'xt']],
      ['/with?query=1', 'text']
    ] as const) {
      origin.on(
        path,
        { headers: FRESH, body: 'before' },
        feeding(path, body, { etag: '"2"' }),
        FROM_ORIGIN
      )
      await get(path)
      const posted = await send('POST', path, { body: 'x', headers: { 'if-none-match': '"2"' } })
      t.match(posted, { status: 200, body: 'text' }, path)
      t.match(ours(posted), { fwd: 'method' }, path)
      const hit = await get(path)
      t.match(
        { hit: isHit(hit), body: hit.body, etag: hit.headers.etag },
        { hit: true, body: 'text', etag: '"2"' },
        path
      )
      t.match(await send('HEAD', path), {
        status: 200,
        body: '',
        headers: { 'content-length': '4' }
      })
      t.equal((await get(path, { 'if-none-match': '"2"' })).status, 304)
      t.equal(origin.requests(path).length, 2)
    }
  }
)

t.test('not if a field forbids it', async (t) => {
  const { origin, get, send } = await proxiedApp(t)
  const rows: readonly (readonly [
    rule: string,
    response: Scripted,
    request?: Readonly<Record<string, string>>
  ])[] = [
    ['no Content-Location', { headers: FRESH }],
    ['another one', { headers: { ...FRESH, 'content-location': '/other' } }],
    [
      'no explicit freshness',
      { headers: { 'content-location': '', 'last-modified': 'Thu, 01 Jan 2015 00:00:00 GMT' } }
    ],
    ['201', { status: 201, headers: { ...FRESH, 'content-location': '' } }],
    [
      'no-store',
      { headers: { 'cache-control': 'max-age=600, no-store', 'content-location': '' } }
    ],
    ['private', { headers: { 'cache-control': 'max-age=600, private', 'content-location': '' } }],
    [
      'private, with a condition',
      {
        headers: { 'cache-control': 'max-age=600, private', 'content-location': '', etag: '"1"' }
      },
      { 'if-none-match': '"1"' }
    ],
    ['Set-Cookie', { headers: { ...FRESH, 'content-location': '', 'set-cookie': 'a=1' } }],
    [
      'Authorization',
      { headers: { ...FRESH, 'content-location': '' } },
      { authorization: 'Bearer ann' }
    ],
    ['Cookie', { headers: { ...FRESH, 'content-location': '' } }, { cookie: 'sid=ann' }],
    [
      'a body that breaks off',
      { headers: { ...FRESH, 'content-location': '' }, body: ['text'], breaksOff: true }
    ],
    ['an error', { status: 500, headers: { ...FRESH, 'content-location': '' } }],
    [
      'a tag that the write invalidates itself',
      {
        headers: {
          ...FRESH,
          'content-location': '',
          'cache-groups': '"a"',
          'cache-group-invalidation': '"a"'
        }
      }
    ]
  ]
  for (const [i, [rule, response, headers = {}]] of rows.entries()) {
    const path = `/${i}`
    const location =
      response.headers?.['content-location'] === '' ? { 'content-location': path } : {}
    origin.on(
      path,
      { body: 'posted', ...response, headers: { ...response.headers, ...location } },
      FROM_ORIGIN
    )
    const posted = await send('POST', path, { body: 'x', headers })
    t.equal(posted.status, response.status ?? 200, rule)
    t.equal((await get(path)).body, 'from the origin', rule)
  }
  origin.on('/put', feeding('/put', 'put'), FROM_ORIGIN)
  await send('PUT', '/put', { body: 'x' })
  t.equal((await get('/put')).body, 'from the origin', 'PUT')
})

t.test('RFC 9111 4.1: the POST request selects the variant', async (t) => {
  const { origin, get, send } = await proxiedApp(t)
  origin.on('/', feeding('/', 'deutsch', { vary: 'accept-language' }), {
    headers: { ...FRESH, vary: 'accept-language' },
    body: 'english'
  })
  await send('POST', '/', { headers: { 'accept-language': 'de' } })
  t.match(await get('/', { 'accept-language': 'de' }), { body: 'deutsch' })
  t.match(await get('/', { 'accept-language': 'en' }), { body: 'english' })
  t.ok(isHit(await get('/', { 'accept-language': 'de' })))
})

t.test('a later write invalidates it', async (t) => {
  for (const method of ['POST', 'PUT', 'DELETE']) {
    const { origin, get, send } = await proxiedApp(t)
    origin.on('/', feeding('/', 'first'), feeding('/', 'second'), FROM_ORIGIN)
    await send('POST', '/')
    t.equal((await get('/')).body, 'first')
    await send(method, '/')
    t.equal((await get('/')).body, method === 'POST' ? 'second' : 'from the origin', method)
  }
})

t.test('a group invalidated by a concurrent write', async (t) => {
  const [a, b] = await twoApps(t)
  const begin = gate()
  a.origin.on(
    '/a',
    { ...feeding('/a', 'posted', { 'cache-groups': '"g"' }), after: begin.opened },
    FROM_ORIGIN
  )
  a.origin.on('/b', { status: 204, headers: { 'cache-group-invalidation': '"g"' } })
  const posted = a.send('POST', '/a')
  await a.origin.received('/a')
  await b.send('PUT', '/b')
  begin.open()
  t.equal((await posted).body, 'posted')
  t.equal((await b.get('/a')).body, 'from the origin')
})

t.test('while the store fails, the response is forwarded and not stored', async (t) => {
  for (const operation of ['replace', 'stamp'] as const) {
    for (const before of [true, false]) {
      const failing = failingStore(operation)
      const { origin, send, get } = await proxiedApp(t, { store: failing.store })
      const begin = gate()
      origin.on('/', { ...feeding('/', 'posted'), after: begin.opened }, FROM_ORIGIN)
      if (before) failing.fail()
      const posted = send('POST', '/')
      await origin.received('/')
      failing.fail()
      begin.open()
      t.match(await posted, { status: 200, body: 'posted' }, operation)
      failing.mend()
      t.equal((await get('/')).body, 'from the origin', operation)
    }
  }
})

t.test('RFC 9111 4.4: a write whose invalidation fails is not acknowledged', async (t) => {
  const failing = failingStore('invalidate')
  const { origin, send } = await proxiedApp(t, { store: failing.store })
  const begin = gate()
  origin.on('/', { ...feeding('/', 'first'), after: begin.opened }, feeding('/', 'second'))
  const first = send('POST', '/')
  await origin.received('/')
  t.equal((await send('POST', '/')).status, 200, 'it is the first to be answered')
  // The write's own store operation succeeds, and the one that keeps others from being stored
  // fails.
  failing.failAfter(1)
  begin.open()
  const { status, body } = await first
  t.equal(status, 503)
  t.match(JSON.parse(body), { statusCode: 503, code: 'WEIR_ERR_NOT_INVALIDATED' })
})

interface Plan {
  /**
   * The numbers of the writes: at their first occurrence they are forwarded, at their second
   * answered.
   */
  readonly events: readonly number[]
  /** The writes that the origin carries out when it answers, instead of on arrival. */
  readonly late: readonly boolean[]
}

const METHODS = ['POST', 'POST', 'PUT'] as const

function * orders (events: readonly number[] = []): Generator<readonly number[]> {
  if (events.length === 2 * METHODS.length) yield events
  for (const i of METHODS.keys()) {
    if (events.filter((event) => event === i).length < 2) yield * orders([...events, i])
  }
}

/**
 * Carries out the plan at one URI whose content is the number of writes so far. After each
 * acknowledgement no instance may serve an older state than the acknowledged one.
 * @returns how often a GET was a hit
 */
async function carryOut (
  t: Test,
  apps: readonly [Proxied, ...Proxied[]],
  path: string,
  { events, late }: Plan
): Promise<number> {
  const { origin } = apps[0]
  let [version, acknowledged, hits, arrived] = [0, 0, 0, 0]
  const writes = METHODS.map((method, i) => ({
    ...gate(),
    method,
    app: apps[i % apps.length] ?? apps[0],
    isLate: late[i] === true,
    body: Buffer.from('000'),
    answer: undefined as Promise<Answer> | undefined
  }))
  const carriedOut = ({ body }: { body: Buffer }) => {
    body.write(String(++version).padStart(3, '0'))
  }
  origin.always(path, ({ method, headers }: OriginRequest) => {
    const write = writes[Number(headers['x-write'])]
    if (method === 'GET' || write === undefined) return { headers: FRESH, body: String(version) }
    if (!write.isLate) carriedOut(write)
    return {
      headers: { ...FRESH, 'content-location': path },
      after: write.opened,
      body: write.body
    }
  })
  for (const i of events) {
    const write = writes[i]
    if (write === undefined) throw new Error('no such write')
    if (write.answer === undefined) {
      write.answer = write.app.send(write.method, path, {
        body: 'x',
        headers: { 'x-write': String(i) }
      })
      await origin.received(path, ++arrived)
      continue
    }
    if (write.isLate) carriedOut(write)
    write.open()
    acknowledged = Math.max(acknowledged, Number((await write.answer).body))
    for (const reader of apps) {
      const answer = await reader.get(path)
      if (isHit(answer)) hits++
      else arrived++
      const isOld = Number(answer.body) < acknowledged
      if (isOld) {
        t.fail(
          `${answer.body} is served after ${acknowledged} was acknowledged: ${JSON.stringify({ events, late })}`
        )
      }
    }
  }
  return hits
}

/** Runs plans in parallel, each at a URI of its own: mostly they wait. */
async function carryOutAll (
  t: Test,
  apps: readonly [Proxied, ...Proxied[]],
  plans: readonly Plan[]
): Promise<void> {
  let hits = 0
  for (let i = 0; i < plans.length; i += 30) {
    const counts = await Promise.all(
      plans.slice(i, i + 30).map((plan, j) => carryOut(t, apps, `/${i + j}`, plan))
    )
    hits += counts.reduce((sum, count) => sum + count)
  }
  t.ok(hits > plans.length / 2, `${hits} hits of ${plans.length} plans`)
}

const ORDERS = [...orders()]
const lateBy = (bits: number) => METHODS.map((_, i) => (bits >> i) % 2 === 1)

t.test(
  'in any order of overlapping writes, nothing older than the acknowledged state is served',
  async (t) => {
    t.equal(ORDERS.length, 90)
    await carryOutAll(
      t,
      [await proxiedApp(t)],
      ORDERS.flatMap((events) => [0, 3, 5, 6, 7].map((bits) => ({ events, late: lateBy(bits) })))
    )
  }
)

t.test('overlapping writes through two instances', async (t) => {
  const [a, b] = await twoApps(t)
  await carryOutAll(
    t,
    [a, b],
    ORDERS.flatMap((events, i) => [i, i + 3].map((bits) => ({ events, late: lateBy(bits) })))
  )
})
