import { once } from 'node:events'
import autocannon from 'autocannon'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { type MinuteRecord } from '@weir/metrics'
import { redisStore } from '@weir/metrics/redis'
import { startCatalog, type TestCatalog } from './support/catalog.js'
import { WITHOUT_PATIENCE } from './support/patience.js'
import { startRedis, type TestRedis } from '@weir/internal/testing'
import { startStats } from './support/stats.js'
import { tempDir } from './support/temp-dir.js'
import './support/uncounted.js'

/*
 * Compares the counts of a load generator with those reported by instances: equal request by
 * request, except for the last second of a killed instance. Its last report has a time: every
 * response until then must be counted.
 */
const REQUESTS = 100_000
const CONNECTIONS = 10
// A second, plus the delay of a busy machine. Milliseconds.
const LAST_SECOND = 3000

// Hits, misses, 304, 404, and a client whose limit is soon used up.
const REQUEST_LIST = [
  ...Array.from({ length: 6 }, (_, i) => ({ path: `/api/products/${i + 1}` })),
  { path: '/api/products/1', headers: { 'if-none-match': '*' } },
  { path: '/api/products?limit=2' },
  { path: '/nowhere' },
  { path: '/api/products/2', headers: { 'x-forwarded-for': '203.0.113.9' } }
]

/** Requests by status, as counted by a load generator or reported by instances. */
interface Counted {
  ok: number
  notModified: number
  notFound: number
  limited: number
  failed: number
}

t.setTimeout(300_000)

class Load {
  readonly counted: Counted = { ok: 0, notModified: 0, notFound: 0, limited: 0, failed: 0 }
  /** Arrival of each response: ms since 1970. */
  readonly answeredAt: number[] = []
  readonly ended: Promise<autocannon.Result>
  #waiting: { readonly count: number, readonly resolve: () => void }[] = []

  constructor ({ url }: TestCatalog, amount: number) {
    const running = autocannon(
      { url, amount, connections: CONNECTIONS, bailout: 1, requests: REQUEST_LIST },
      () => {}
    )
    this.ended = once(running, 'done').then(([result]: unknown[]) => result as autocannon.Result)
    running.on('response', (_client, status) => {
      const what =
        ({ 200: 'ok', 304: 'notModified', 404: 'notFound', 429: 'limited' } as const)[status] ??
        'failed'
      this.counted[what]++
      this.answeredAt.push(Date.now())
      this.#waiting = this.#waiting.filter(
        ({ count, resolve }) => this.answeredAt.length < count || resolve()
      )
    })
  }

  /** Resolves when `count` responses have arrived. */
  answers (count: number): Promise<void> {
    return new Promise((resolve) => { this.#waiting.push({ count, resolve }) })
  }
}

function told (records: readonly MinuteRecord[]): Counted {
  const counted: Counted = { ok: 0, notModified: 0, notFound: 0, limited: 0, failed: 0 }
  for (const { route, outcomes } of records.flatMap(({ routes }) => routes)) {
    for (const [outcome, { count, notModified }] of Object.entries(outcomes)) {
      const what =
        outcome === 'limited'
          ? 'limited'
          : outcome === 'error'
            ? 'failed'
            : route === '404'
              ? 'notFound'
              : 'ok'
      counted[what] += count - notModified
      counted.notModified += notModified
    }
  }
  return counted
}

const total = ({ ok, notModified, notFound, limited, failed }: Counted) =>
  ok + notModified + notFound + limited + failed

async function startFleet (
  t: Test,
  count: number,
  more = {}
): Promise<{ redis: TestRedis; fleet: TestCatalog[] }> {
  const [redis, dataDir] = [await startRedis(t), await tempDir(t)]
  const fleet: TestCatalog[] = []
  for (let i = 1; i <= count; i++) {
    const env = { LOG_LEVEL: 'silent', TRUST_PROXY: '127.0.0.1', ...more }
    fleet.push(
      await startCatalog(t, { dataDir, redisUrl: redis.url, instance: `catalog-${i}`, env })
    )
  }
  return { redis, fleet }
}

function storeOf (t: Test, { url }: TestRedis) {
  const client = new Redis(url)
  t.teardown(() => { client.disconnect() })
  return redisStore({ client })
}

t.test(
  'four instances, 100,000 requests, one instance killed: their counts match the responses and the stats',
  async (t) => {
    const { redis, fleet } = await startFleet(t, 4)
    const stats = await startStats(t, redis.url)
    const loads = fleet.map((instance) => new Load(instance, REQUESTS / fleet.length))
    const [killed, load] = [fleet[3], loads[3]]
    if (killed === undefined || load === undefined) throw new Error('there are four')
    await load.answers(REQUESTS / 8)
    const killedAt = Date.now()
    await killed.kill()
    const results = await Promise.all(loads.map(({ ended }) => ended))
    await Promise.all(fleet.slice(0, 3).map((instance) => instance.stop()))

    const store = storeOf(t, redis)
    const records = await store.read(0)
    const of = (i: number) =>
      told(records.filter(({ instance }) => instance === `catalog-${i + 1}`))
    for (const i of [0, 1, 2]) {
      t.strictSame(of(i), loads[i]?.counted, `catalog-${i + 1}: ${JSON.stringify(of(i))}`)
      t.equal(total(of(i)), REQUESTS / 4)
      t.equal(results[i]?.errors, 0)
    }
    const all = told(records.filter(({ instance }) => instance !== 'catalog-4'))
    t.ok(
      Math.min(all.ok, all.notModified, all.notFound, all.limited) > 0,
      'there was some of each'
    )

    const state = (await store.instances()).find(({ instance }) => instance === 'catalog-4')
    const [at, known, answered] = [state?.at ?? 0, total(of(3)), load.answeredAt.length]
    const before = load.answeredAt.filter((answeredAt) => answeredAt < at).length
    t.comment(
      `catalog-4: ${answered} answered, ${before} before it last told, ${known} known, killed ${killedAt - at} ms later`
    )
    t.ok(known >= before, `of ${before} answers before it last told, ${known} are known`)
    t.ok(
      known <= answered + CONNECTIONS,
      'and none twice: only answers under way may be known and not have come'
    )
    const ended = Date.now()
    await stats.tick(({ asOf }) => (asOf ?? 0) > ended)
    const answer = await fetch(`${stats.url}/api/stats/instances`)
    const { instances } = (await answer.json()) as {
      instances: { instance: string; requests: number; outcomes: { limited: number } }[]
    }
    t.strictSame(
      instances
        .map(({ instance, requests, outcomes }) => [instance, requests, outcomes.limited])
        .sort(),
      [0, 1, 2, 3].map((i) => [`catalog-${i + 1}`, total(of(i)), of(i).limited])
    )
    t.ok(killedAt - at <= LAST_SECOND, `it last told ${killedAt - at} ms before it was killed`)
  }
)

t.test('Redis killed, then frozen, under load: nothing is lost or counted twice', async (t) => {
  const { redis, fleet } = await startFleet(t, 2, WITHOUT_PATIENCE)
  const loads = fleet.map((instance) => new Load(instance, 8000))
  const [first] = loads
  await first?.answers(1500)
  await redis.kill()
  await first?.answers(3000)
  await redis.restart()
  await first?.answers(4500)
  redis.freeze()
  await first?.answers(6000)
  redis.thaw()
  await Promise.all(loads.map(({ ended }) => ended))
  await Promise.all(fleet.map((instance) => instance.stop()))
  const records = await storeOf(t, redis).read(0)
  for (const [i, { counted }] of loads.entries()) {
    t.strictSame(
      told(records.filter(({ instance }) => instance === `catalog-${i + 1}`)),
      counted,
      JSON.stringify(counted)
    )
    t.equal(total(counted), 8000)
  }
})
