import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { parseArguments, type Wish } from '../load/arguments.js'
import { drive } from '../load/drive.js'
import { htmlReport } from '../load/html/report.js'
import { Recorder } from '../load/recorder.js'
import { type Report } from '../load/result.js'
import { run } from '../load/run.js'
import { scenarios } from '../load/scenarios/all.js'
import { textReport } from '../load/text-report.js'
import { startShop, total } from './load-shop.js'

const FOREVER = new AbortController().signal

function wishFor (...args: string[]): Wish {
  const wish = parseArguments(args, {}, scenarios)
  if (wish === 'help') throw new Error('no wish')
  return wish
}

async function loaded (...args: string[]): Promise<Report & { said: string[] }> {
  const said: string[] = []
  return {
    ...(await run(
      wishFor('--duration', '0.5', ...args),
      (what) => {
        said.push(what)
      },
      FOREVER
    )),
    said
  }
}

/** Asserts that the figures contain every request exactly once. */
function addsUp (t: Test, { results }: Report): void {
  t.not(results.length, 0)
  for (const {
    part,
    sent,
    answered,
    failed,
    cutOff,
    connections,
    outcomes,
    statuses,
    moments,
    instances
  } of results) {
    const sum = (numbers: readonly number[]) =>
      numbers.reduce((total, number) => total + number, 0)
    t.equal(sent, answered + failed + cutOff, `${part}: sent`)
    t.ok(cutOff <= connections, `${part}: no more are under way than there are connections`)
    t.equal(sum(outcomes.map(({ count }) => count)), answered, `${part}: by outcome`)
    t.equal(sum(Object.values(statuses)), answered, `${part}: by status`)
    t.equal(
      sum(moments.flatMap(({ outcomes, failed }) => [...Object.values(outcomes), failed])),
      answered + failed,
      `${part}: by time`
    )
    for (const { count, outcomes } of instances) {
      t.equal(sum(Object.values(outcomes)), count, `${part}: by instance`)
    }
  }
}

const countOf = ({ results: [result] }: Report, name: string): number =>
  result?.outcomes.find(({ outcome }) => outcome === name)?.count ?? 0

t.test('warm: all requests reach the server and are hits', async (t) => {
  const { url, arrived, computed } = await startShop(t)
  const report = await loaded('--url', url, '--duration', '1.2', '--connections', '3')
  addsUp(t, report)
  const [warm] = report.results
  if (warm === undefined) throw new Error('no result')
  const warmUps = total(computed)
  t.equal(warmUps, 32, 'only the first of each was computed')
  t.ok(
    total(arrived) >= warm.answered + warmUps && total(arrived) <= warm.sent + warmUps,
    'what was under way at the end may have arrived or not'
  )
  t.match(warm, {
    failed: 0,
    hitRatio: 1,
    instances: [{ name: 'shop-1', share: 1 }],
    statuses: { 200: warm.answered }
  })
  t.equal(countOf(report, 'memory'), warm.answered)
  t.strictSame(report.notes, [])
  t.equal(report.said[0], 'warm: 1.2 s')
  t.match(report.said[1], /^warm: \d+\/1\.2 s, \d+\/s, 100\.0 % hits$/)
})

t.test('a rate is not exceeded', async (t) => {
  const { url } = await startShop(t)
  const report = await loaded('--url', url, '--rate', '4')
  addsUp(t, report)
  t.match(report.results, [{ rate: 4 }])
  for (const { sent, seconds } of report.results) {
    t.ok(sent >= 4 && sent <= 4 * Math.ceil(seconds), `${sent} in ${seconds} s`)
  }
})

t.test('cold: each request is for a new page', async (t) => {
  const { url, computed } = await startShop(t)
  const report = await loaded('--url', url, '--scenario', 'cold', '--connections', '2')
  addsUp(t, report)
  t.match(report.results, [{ hitRatio: 0 }])
  t.ok((computed.get('GET /api/products') ?? 0) >= countOf(report, 'miss'))
  t.equal(countOf(report, 'miss'), report.results[0]?.answered)
})

t.test('conditional: 304 with the ETag of the first response', async (t) => {
  const { url } = await startShop(t)
  const report = await loaded('--url', url, '--scenario', 'conditional')
  addsUp(t, report)
  t.match(report.results, [{ hitRatio: 1, outcomes: [{ outcome: '304', share: 1 }] }])
})

t.test('weather', async (t) => {
  const { url, computed } = await startShop(t)
  const report = await loaded('--url', url, '--scenario', 'weather')
  addsUp(t, report)
  t.strictSame([...computed], [['GET /api/weather/current', 12], ['GET /api/weather/forecast', 12]])
})

t.test('bypass: the same page with and without the cache', async (t) => {
  const { url } = await startShop(t)
  const report = await loaded(
    '--url',
    url,
    '--scenario',
    'bypass',
    '--connections',
    '1',
    '--require',
    'cached:hit-ratio=1'
  )
  addsUp(t, report)
  t.match(report.results, [
    { part: 'cached', hitRatio: 1, outcomes: [{ outcome: 'memory' }] },
    { part: 'no-cache', hitRatio: null, asked: 0, outcomes: [{ outcome: 'bypass' }] }
  ])
  t.match(report.requirements, [{ met: true, why: 'cached 1' }])
})

t.test('stampede: one request of each burst computes', async (t) => {
  const { url, computed } = await startShop(t)
  const report = await loaded('--url', url, '--scenario', 'stampede', '--connections', '20')
  addsUp(t, report)
  const bursts = report.results[0]?.bursts ?? []
  t.equal(computed.get('GET /api/products'), bursts.length)
  t.strictSame([...new Set(bursts.map(({ computed }) => computed))], [1])
  t.match(
    textReport(report),
    new RegExp(`\\n${bursts.length} bursts of 20: 1\\.00 of them computed the page, at most 1$`)
  )
})

t.test('mixed: concurrent reads and writes leave the shop unchanged', async (t) => {
  const { url, token, arrived } = await startShop(t)
  const report = await loaded('--url', url, '--scenario', 'mixed', '--token', token)
  addsUp(t, report)
  const [reads, writes] = report.results
  t.match(reads, { part: 'reads', failed: 0 })
  t.match(writes, { part: 'writes', rate: 5, hitRatio: null, outcomes: [{ outcome: 'write' }] })
  const patched = [...arrived]
    .filter(([what]) => what.startsWith('PATCH'))
    .reduce((sum, [, count]) => sum + count, 0)
  const { answered = 0, sent = 0 } = writes ?? {}
  t.ok(
    patched >= 6 + answered && patched <= 6 + sent,
    `${patched}: one of each to see that it may, and ${answered} of ${sent}`
  )
  t.equal((await (await fetch(`${url}/api/products/1`)).json() as { price: number }).price, 1299)
})

t.test('limited: the allowed requests', async (t) => {
  const { url } = await startShop(t, { limit: 50 })
  const report = await loaded('--url', url, '--scenario', 'limited', '--connections', '5')
  addsUp(t, report)
  const passed = (report.results[0]?.answered ?? 0) - countOf(report, 'limited')
  t.equal(passed, 49, 'one was for warming up')
  t.match(report.notes, [
    { scenario: 'limited', text: new RegExp(`^49 of ${report.results[0]?.answered} passed, `) }
  ])

  const unlimited = await startShop(t)
  t.match((await loaded('--url', unlimited.url, '--scenario', 'limited', '--rate', '50')).notes, [
    { text: /^Nothing was limited: / }
  ])
})

t.test('a note tells that a limit affected other figures', async (t) => {
  const { url } = await startShop(t, { limit: 40 })
  const report = await loaded('--url', url)
  t.match(report.notes, [
    {
      scenario: 'warm',
      text: /^\d+ of \d+ answers were refused by a limit \(429\).*--rate 40.*RATE_LIMIT_ALLOW=127\.0\.0\.1 npm start\.$/
    }
  ])
})

async function server (t: Test, listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.close().closeAllConnections() })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

t.test('a failed scenario has a reason, even beside successful ones', async (t) => {
  const { url, token } = await startShop(t)
  const refused = await loaded('--url', url, '--scenario', 'mixed', '--token', 'wrong')
  t.match(refused, {
    failed: ['mixed'],
    results: [],
    notes: [{ text: /^Not measured: the token was not accepted \(401\): .*EDITOR_TOKEN\.$/ }]
  })
  const forbidden = await server(t, (request, response) => {
    response.writeHead(request.method === 'PATCH' ? 403 : 200).end('{"price":1}')
  })
  t.match((await loaded('--url', forbidden, '--scenario', 'mixed', '--token', token)).notes, [
    { text: /may not write \(403\)/ }
  ])
  const broken = await server(t, (request, response) => {
    response.writeHead(request.method === 'PATCH' ? 500 : 200).end('{"price":1}')
  })
  t.match((await loaded('--url', broken, '--scenario', 'mixed', '--token', token)).notes, [
    { text: /PATCH http.*\/api\/products\/1 got status 500/ }
  ])
  const other = await server(t, (_request, response) => { response.end('{"hello":1}') })
  t.match((await loaded('--url', other, '--scenario', 'mixed', '--token', token)).notes, [
    { text: /GET http.*\/api\/products\/1 got status 200/ }
  ])
  const none = await server(t, (_request, response) => {
    response.writeHead(404).end('{"code":"NO"}')
  })
  const report = await loaded('--url', none, '--require', 'errors=0')
  t.match(report, {
    failed: ['warm'],
    notes: [{ text: /^Not measured: GET http.* got status 404, .*\{"code":"NO"\}\.$/ }],
    requirements: [{ met: false }]
  })
  t.match(htmlReport(report), /<h2 id="warm">warm<\/h2>\n<ul class="notes"><li>Not measured: GET /)
  t.match((await loaded('--url', 'http://127.0.0.1:1')).notes, [
    { text: /^Not measured: no response from http:\/\/127\.0\.0\.1:1 \(ECONNREFUSED\): start/ }
  ])
})

t.test('a limited first request waits for Retry-After', async (t) => {
  let asked = 0
  const url = await server(t, (_request, response) => {
    if (++asked === 1) response.writeHead(429, { 'retry-after': '0.001' })
    response.end()
  })
  const report = await loaded('--url', url, '--scenario', 'limited', '--rate', '5')
  t.match(report.said[0], /^GET \/api\/products\/1 is rate-limited: retrying in 0\.001 s$/)
  t.match(report.results, [{ outcomes: [{ outcome: 'uncached', share: 1 }] }])
})

t.test('a limited first request does not wait for an hour', async (t) => {
  const url = await server(t, (_request, response) => {
    response.writeHead(429, { 'retry-after': '3600' }).end()
  })
  t.match((await loaded('--url', url)).notes, [
    { text: /^Not measured: GET .* got status 429, / }
  ])
})

t.test('errors are counted by name', async (t) => {
  let asked = 0
  const url = await server(t, (request, response) => {
    // After the warm-up requests, every third one is broken off, and every third fails.
    const turn = ++asked <= 32 ? 0 : asked % 3
    if (turn === 1) request.socket.destroy()
    else response.writeHead(turn === 2 ? 500 : 200).end()
  })
  const report = await loaded('--url', url, '--connections', '1', '--require', 'errors=0')
  addsUp(t, report)
  t.match(report.notes, [
    { text: /^answered with an error: 500 \d+ times\.$/ },
    { text: /^without an answer: \w+ \d+ times/ }
  ])
  t.match(report.requirements, [{ met: false }])
  t.match(htmlReport(report), /<div class="bad"><dt>errors<\/dt>/)
})

t.test(
  'a broken connection fails only its own request',
  async (t) => {
    let asked = 0
    const url = await server(t, (request, response) => {
      if (++asked % 3 === 0) request.socket.destroy()
      else response.end()
    })
    const began = performance.now()
    const recorder = new Recorder(1, began)
    t.equal(
      await drive(
        { url, requests: [{}], connections: 1, until: { amount: 31 } },
        recorder,
        FOREVER
      ),
      true
    )
    t.match(recorder.figures(performance.now()), { sent: 31, answered: 21, failed: 10, cutOff: 0 })
    t.equal(asked, 31)
  }
)

t.test('announced closing of connections counts as no failure', async (t) => {
  let asked = 0
  const url = await server(t, (_request, response) => {
    if (++asked % 4 === 0) response.setHeader('connection', 'close')
    response.end()
  })
  const recorder = new Recorder(1, performance.now())
  t.equal(
    await drive(
      { url, requests: [{}], connections: 2, until: { seconds: 0.5 } },
      recorder,
      FOREVER
    ),
    true
  )
  const { answered, failed, sent } = recorder.figures(performance.now())
  t.equal(failed, 0)
  t.ok(
    asked >= answered && asked <= sent,
    `${asked} arrived, ${answered} were answered, ${sent} sent`
  )
})

t.test('gives up on a dead server', async (t) => {
  const recorder = new Recorder(1, performance.now())
  const isAlive = await drive(
    { url: 'http://127.0.0.1:1', requests: [{}], connections: 2, until: { seconds: 60 } },
    recorder,
    FOREVER
  )
  t.equal(isAlive, false)
  const { answered, failed, failures } = recorder.figures(performance.now())
  t.equal(answered, 0)
  t.ok(failed >= 1000)
  t.strictSame(failures, { ECONNREFUSED: failed })
})

t.test('the report escapes foreign names and is self-contained', async (t) => {
  const url = await server(t, (_request, response) => {
    response.setHeader('cache-status', '"<script>alert(1)</script>"; hit; ttl=1; detail=memory')
    response.end()
  })
  const report = htmlReport(await loaded('--url', url, '--rate', '5', '--require', 'warm:p99<1000'))
  t.match(report, '&lt;script&gt;alert(1)&lt;/script&gt;')
  t.notMatch(report, /<script|<link|@import|url\(|src=/)
  t.notMatch(report.replaceAll(url, ''), /https?:/)
  t.match(report, '<strong>Met</strong> <code>warm:p99&lt;1000</code>')
  t.notMatch(report, /NaN|undefined|\[object/)
})
