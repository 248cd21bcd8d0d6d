import { createHmac } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import autocannon from 'autocannon'
import t, { type Test } from 'tap'
import type { Report } from './programs/limited.js'
import { JWT_SECRET, startLimited } from './support/limited.js'
import { WITHOUT_PATIENCE } from './support/patience.js'

// The limits of programs/limited.ts.
const RATE = 100
const BURST = 50

/** Requests that a single limiter without delay would allow if it decided at these times. */
function ideal (decisions: readonly number[]): number {
  let [passed, left, last] = [0, BURST, -Infinity]
  for (const decision of decisions.toSorted((a, b) => a - b)) {
    left = Math.min(BURST, left + (decision - last) * RATE / 1000)
    last = decision
    if (left < 1) continue
    left--
    passed++
  }
  return passed
}

/**
 * The highest number of requests that were certainly allowed within one second: arrived after its
 * beginning, and handled before its end.
 */
function mostInOneSecond (passes: Report['passes']): number {
  const within = (begin: number) =>
    passes.filter(({ arrived, handled }) => arrived >= begin && handled <= begin + 1000).length
  return Math.max(...passes.map(({ arrived }) => within(arrived)))
}

for (const count of [2, 4]) {
  t.test(`${count} instances behind nginx, 100 a second allowed, 2,000 sent`, async (t) => {
    const { nginx, reports } = await startLimited(t, count)
    const result = await autocannon({
      url: `${nginx.url}/api/products`,
      connections: 20,
      overallRate: 2000,
      duration: 10
    })
    const seen = await reports()
    const requests = seen.flatMap((report) => report.requests)
    const passes = seen.flatMap((report) => report.passes)
    // Redis decided somewhere in between, which may take a while on a busy machine.
    const bounds = [
      ideal(requests.map(({ arrived }) => arrived)),
      ideal(requests.map(({ decided }) => decided))
    ]
    const [least, most] = [Math.min(...bounds), Math.max(...bounds)]
    t.ok(requests.length > 5 * most, `they were flooded: ${requests.length} came`)
    t.ok(
      passes.length >= 0.99 * least && passes.length <= 1.01 * most,
      `${passes.length} passed, ${least} to ${most} expected`
    )
    t.ok(mostInOneSecond(passes) <= RATE + BURST, `${mostInOneSecond(passes)} passed in one second`)
    t.ok(passes.every(({ mode }) => mode === 'shared'))
    t.ok(seen.every(({ passes }) => passes.length > 0), 'each instance had its part')
    t.same(
      [
        result.errors,
        result.timeouts,
        result['5xx'],
        Object.keys(result.statusCodeStats ?? {}).sort()
      ],
      [0, 0, 0, ['200', '429']]
    )
  })
}

/** A signed token; `key` is the secret. */
function token (claims: object, alg = 'HS256', key = JWT_SECRET): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  const input = `${encode({ alg, typ: 'JWT' })}.${encode({ exp: 4_102_444_800, ...claims })}`
  return `${input}.${alg === 'none' ? '' : createHmac('sha256', key).update(input).digest('base64url')}`
}

t.test('clients and their budgets', async (t) => {
  const { nginx } = await startLimited(t, 2)
  const ask = async (headers: Record<string, string> = {}) => {
    const response = await fetch(`${nginx.url}/api/products/few`, { headers })
    await response.arrayBuffer()
    return [response.status, Number(/;r=(\d+)/.exec(response.headers.get('ratelimit') ?? '')?.[1])]
  }
  const as = (claims: object, alg?: string, key?: string) => ({
    authorization: `Bearer ${token(claims, alg, key)}`
  })

  t.same(await ask(), [200, 4])
  t.same(
    await ask({ 'x-forwarded-for': '203.0.113.1' }),
    [200, 3],
    'what a client says of its address changes nothing'
  )
  t.same(
    await ask({
      'x-forwarded-for': '203.0.113.2, 127.0.0.1',
      forwarded: 'for=203.0.113.3',
      'x-real-ip': '203.0.113.4'
    }),
    [200, 2]
  )
  t.same(
    await ask(as({ sub: 'ada' }, 'HS256', 'another key, which is long enough too')),
    [401, 1],
    'a forged token costs the address'
  )
  t.same(await ask(as({ sub: 'ada', exp: 1 })), [401, 0], 'an expired one')
  t.same(
    await ask(as({ sub: 'ada', role: 'admin' }, 'none')),
    [429, 0],
    'and one without a signature'
  )
  t.same(await ask(), [429, 0])

  t.same(await ask(as({ sub: 'ada' })), [200, 4], 'users have their own')
  t.same(
    await ask({ ...as({ sub: 'ada', role: 'admin', iat: 1 }), 'x-forwarded-for': '203.0.113.5' }),
    [200, 3],
    'one, whatever the token'
  )
  t.same(await ask(as({ sub: 'bob' })), [200, 4])
})

t.test('Retry-After is accurate', async (t) => {
  const { nginx } = await startLimited(t, 2)
  const ask = () => fetch(`${nginx.url}/api/products/one`)
  t.equal((await ask()).status, 200)
  const denied = await ask()
  t.equal(denied.status, 429)
  const seconds = Number(denied.headers.get('retry-after'))
  t.equal(seconds, 1)
  await setTimeout(seconds * 1000)
  t.equal((await ask()).status, 200)
})

/** Readers that never pause, and the responses to them. */
class Load {
  readonly statuses = new Map<number, number>()
  /** The last reported allowance per second. */
  quota = 0
  #stopped = false
  #waiting: { until: () => boolean, resolve: () => void }[] = []
  readonly #running: Promise<unknown>

  constructor (readonly url: string) {
    this.#running = Promise.all(Array.from({ length: 8 }, () => this.#read()))
  }

  /** Resolves as soon as a response makes the condition true. */
  until (condition: () => boolean): Promise<void> {
    return new Promise((resolve) => { this.#waiting.push({ until: condition, resolve }) })
  }

  /** Resolves after `answers` more responses that report this quota. */
  async under (quota: number, answers: number): Promise<void> {
    let left = answers
    await this.until(() => this.quota === quota && left-- <= 0)
  }

  async stop (): Promise<void> {
    this.#stopped = true
    await this.#running
  }

  async #read (): Promise<void> {
    while (!this.#stopped) {
      const response = await fetch(this.url)
      await response.arrayBuffer()
      this.statuses.set(response.status, (this.statuses.get(response.status) ?? 0) + 1)
      this.quota = Number(/;q=(\d+)/.exec(response.headers.get('ratelimit-policy') ?? '')?.[1])
      this.#waiting = this.#waiting.filter(({ until, resolve }) => !until() || resolve())
    }
  }
}

t.test(
  'Redis killed and frozen under load: no 5xx, each instance observes its share, and then all share one budget again',
  async (t) => {
    const { nginx, redis, reports } = await startLimited(t, 2, WITHOUT_PATIENCE)
    const load = new Load(`${nginx.url}/api/products`)
    t.teardown(() => load.stop())

    await load.under(RATE, 500)
    await reports()
    await redis.kill()
    await load.under(RATE / 2, 2000)
    await redis.restart()
    await load.under(RATE, 500)
    keepsToShares(t, await reports(), 'killed')

    redis.freeze()
    await load.under(RATE / 2, 2000)
    redis.thaw()
    await load.under(RATE, 500)
    keepsToShares(t, await reports(), 'frozen')
    await load.stop()
    t.same([...load.statuses.keys()].sort(), [200, 429])
  }
)

function keepsToShares (t: Test, reports: readonly Report[], how: string): void {
  for (const { passes } of reports) {
    const local = passes.filter(({ mode }) => mode === 'local')
    const seconds =
      (Math.max(...local.map(({ handled }) => handled)) -
        Math.min(...local.map(({ arrived }) => arrived))) /
      1000
    const share = (BURST + RATE * seconds) / 2
    t.ok(
      local.length > 0 && local.length <= share + 1,
      `${how}: ${local.length} in ${seconds.toFixed(2)} s, of ${share.toFixed(1)}`
    )
  }
}
