import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { type Answer, ask, Reader } from './client.js'
import { startStack } from './stack.js'

const run = promisify(execFile)

// One stack for all tests: each leaves it as it found it, with two instances of each service and a
// Redis.
t.jobs = 1
const { url, tokens, compose, containers, watch } = await startStack(t)

const product = (id: number) => `${url}/api/products/${id}`
const write = (t: Test, id: number, price: number) => ask(product(id), {
  method: 'PATCH', body: JSON.stringify({ price }), token: tokens.editor
}).then(({ status }) => t.equal(status, 200, 'the write is acknowledged'))

const times = <T>(count: number, work: () => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, work))
const instances = (answers: readonly Answer[]) => new Set(answers.map(({ by }) => by))

/** Reads until `count` instances have answered; nginx picks them at random. */
async function fromAll (t: Test, target: string, count = 2): Promise<Answer[]> {
  const answers: Answer[] = []
  while (instances(answers).size < count && answers.length < 200) answers.push(await ask(target))
  t.equal(instances(answers).size, count, `${count} instances have answered`)
  return answers
}

async function everybodySees (t: Test, id: number, price: number): Promise<void> {
  for (const { status, body } of await fromAll(t, product(id))) {
    t.match([status, body], [200, { price }])
  }
}

t.test('only the services answer through the published port', async (t) => {
  t.match(await ask(`${url}/api/products?limit=1`), { status: 200, body: { items: [{}] } })
  t.match(await ask(`${url}/api/categories`), { status: 200 })
  t.match(await ask(`${url}/api/weather/current?city=Oslo`), {
    status: 200,
    body: { source: 'simulated' }
  })
  const shop = await fetch(`${url}/shop`)
  t.match(
    [shop.status, shop.headers.get('content-type'), await shop.text()],
    [200, /^text\/html/, /href="\/shop\/products\/\d+"/]
  )
  for (const path of [
    '/metrics',
    '/health/ready',
    '/docs/json',
    '/api/catalog/cache/entries',
    '/shop/cache/entries'
  ]) {
    t.match(await ask(url + path), { status: 404, body: { code: 'WEIR_ERR_NO_SUCH_PATH' } }, path)
  }
  const { stdout } = await run('docker', [
    'inspect',
    '--format',
    '{{range .NetworkSettings.Ports}}{{range .}}{{.HostIp}}{{end}}{{end}}',
    ...(await containers())
  ])
  t.equal(stdout.trim(), '127.0.0.1', 'of all containers one has a port, for this machine')
})

interface Tick {
  readonly instances: readonly { readonly service: string; readonly alive: boolean }[]
}

/** The services whose instances report counts. */
const alive = ({ instances }: Tick): string[] =>
  instances
    .filter(({ alive, service }) => alive && service !== 'stats')
    .map(({ service }) => service)
    .sort()

t.test('the image contains the console, which shows every instance', async (t) => {
  const page = await fetch(url)
  t.equal(page.status, 200)
  t.match(page.headers.get('content-security-policy'), "script-src 'self'")
  t.match(await page.text(), 'main.js')
  const script = await fetch(`${url}/main.js`)
  t.match([script.status, script.headers.get('content-encoding')], [200, 'gzip'])
  await script.text()

  const live = await fetch(`${url}/api/stats/live`)
  t.match(live.headers.get('content-type'), /^text\/event-stream/)
  let heard = ''
  let services: string[] = []
  for await (const chunk of live.body ?? []) {
    heard += Buffer.from(chunk).toString()
    const ticks = [...heard.matchAll(/^event: tick\ndata: (.*)\n/gm)].map(
      ([, data = '']) => JSON.parse(data) as Tick
    )
    services = ticks.flatMap((tick, i) => i === ticks.length - 1 ? alive(tick) : [])
    // One per second.
    if (services.length === 6 || ticks.length === 30) break
  }
  t.same(services, ['catalog', 'catalog', 'storefront', 'storefront', 'weather', 'weather'])
})

t.test('a cold response is computed once, and served by every instance', async (t) => {
  const cold = `${url}/api/products?limit=7&page=3`
  const together = await times(40, () => ask(cold))
  t.equal(together.filter(({ cache }) => cache.includes('stored')).length, 1, 'one has computed it')
  t.equal(instances(together).size, 2)
  const later = await fromAll(t, cold)
  t.ok(later.every(({ cache }) => cache.startsWith('hit')))
  t.equal(new Set([...together, ...later].map(({ headers }) => headers.get('etag'))).size, 1)

  await times(40, () => ask(`${url}/api/weather/current?city=Lima`))
  const [first = ''] = await containers('upstream')
  // fetch refuses that port.
  const { stdout } = await run('docker', ['exec', first, 'node', '-e',
    'http.get("http://127.0.0.1:4190/_control", (response) => response.pipe(process.stdout))'])
  t.match(
    JSON.parse(stdout),
    { calls: { '/v1/forecast': 2, '/v1/search': 2 } },
    'one call for each of the two cities'
  )
})

t.test('a write is visible everywhere once it is acknowledged', async (t) => {
  for (let price = 1000; price < 1005; price++) {
    await write(t, 1, price)
    await everybodySees(t, 1, price)
  }
})

t.test('all instances share one limit', async (t) => {
  // The limit of writes: 10 a second, and 20 at once. No other test writes as this user.
  const answers: Answer[] = []
  const began = performance.now()
  await times(20, async () => {
    for (let i = 0; i < 10; i++) {
      answers.push(
        await ask(product(100 + i), { method: 'PATCH', body: '{"stock":1}', token: tokens.admin })
      )
    }
  })
  const seconds = (performance.now() - began) / 1000
  // If Redis answered too late, an instance decided by its own share and said so: such responses do
  // not count here.
  const shared = answers.filter(({ headers }) =>
    /"writes";q=10;/.test(headers.get('ratelimit-policy') ?? '')
  )
  const passed = shared.filter(({ status }) => status === 200).length
  t.comment(
    `${answers.length} in ${seconds.toFixed(2)} s, ${shared.length} decided by Redis, ${passed} passed`
  )
  t.same([...new Set(answers.map(({ status }) => status))].sort(), [200, 429])
  t.ok(passed <= 20 + 10 * seconds + 1, `${passed} passed in ${seconds.toFixed(2)} s`)
})

t.test(
  'Redis stopped and started: reads and writes continue, and nothing older than a write is served',
  async (t) => {
    await write(t, 2, 2000)
    await everybodySees(t, 2, 2000)
    await compose('stop', '--timeout', '1', 'redis')
    await everybodySees(t, 2, 2000)
    const { headers } = await ask(product(2))
    t.match(
      headers.get('ratelimit-policy'),
      /q=50;/,
      'each of the two enforces its half of 100 a second'
    )
    await write(t, 2, 2001)
    await everybodySees(t, 2, 2001)

    const events = watch()
    await compose('start', 'redis')
    await everybodySees(t, 2, 2001)
    await events.line(/^health_status: healthy redis/)
    await everybodySees(t, 2, 2001)
    await write(t, 2, 2002)
    await everybodySees(t, 2, 2002)

    const reader = new Reader(product(2))
    await reader.until(({ cache }) => cache.startsWith('hit'))
    t.same(await reader.stop(), [])
  }
)

t.test('a killed instance causes no errors, and comes back', async (t) => {
  const reader = new Reader(product(3))
  await reader.until(() => instances(reader.answers).size === 2)
  const [victim = ''] = await containers('catalog')
  const events = watch()
  // All processes of the container except the first, which ends with them. The command itself ends
  // too.
  await run('docker', ['exec', victim, 'sh', '-c', 'kill -9 -1']).catch(() => {})
  await events.line(/^die catalog/)
  await events.line(/^health_status: healthy catalog/)
  t.same(await reader.stop(), [])
  await fromAll(t, product(3))
})

t.test('four instances instead of two, and two again, without a failed request', async (t) => {
  const scale = (count: number) =>
    compose(
      'up',
      '--detach',
      '--no-deps',
      '--no-recreate',
      '--scale',
      `catalog=${count}`,
      'catalog'
    )
  const reader = new Reader(product(4))
  await scale(4)
  await reader.until(() => instances(reader.answers).size === 4)
  await write(t, 4, 4000)
  for (const { body } of await fromAll(t, product(4), 4)) t.match(body, { price: 4000 })
  await scale(2)
  t.equal((await containers('catalog')).length, 2)
  t.same(await reader.stop(), [])
  t.comment(`${reader.answers.length} requests, all answered`)
  await everybodySees(t, 4, 4000)
})
