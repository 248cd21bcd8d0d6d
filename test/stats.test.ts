import { emptySeries, type InstanceState, type MinuteRecord } from '@weir/metrics'
import { redisStore } from '@weir/metrics/redis'
import { Redis } from 'ioredis'
import t from 'tap'
import { WITHOUT_PATIENCE } from './support/patience.js'
import { startRedis } from '@weir/internal/testing'
import { startStats } from './support/stats.js'

const MINUTE = 60_000
const process1 = { run: 'run-1', service: 'catalog', instance: 'catalog-1' }

const state = (): InstanceState => ({
  ...process1,
  pid: 1,
  node: '24.0.0',
  startedAt: Date.now(),
  at: Date.now(),
  rssBytes: 1,
  heapBytes: 1,
  eventLoopDelayMs: 1,
  l1: { entries: 0, bytes: 0, evictions: 0 },
  invalidations: []
})

const told = (minute: number, count: number, run = 'run-1'): MinuteRecord => ({
  ...process1,
  run,
  minute,
  seq: count,
  routes: [{ route: 'GET /', outcomes: { l1: { ...emptySeries(), count } }, reasons: {} }],
  filledBy: {},
  denials: []
})

t.test(
  'Redis freezes, dies and comes back empty: stats continues, reports it, and counts each request once',
  async (t) => {
    const redis = await startRedis(t)
    const client = new Redis(redis.url, { maxRetriesPerRequest: null })
    client.on('error', () => {})
    t.teardown(() => {
      client.disconnect()
    })
    const metrics = redisStore({ client })
    const first = Math.floor(Date.now() / MINUTE)
    await metrics.write(state(), [told(first, 100)])

    const stats = await startStats(t, redis.url, WITHOUT_PATIENCE)
    const get = async (path: string): Promise<unknown> =>
      (await fetch(`${stats.url}/api/stats/${path}`)).json()
    const summary = `summary?from=${(first - 5) * MINUTE}`
    t.match(await get(summary), { connected: true, requests: 100 })
    t.match(await get('redis'), {
      kind: 'redis',
      connected: true,
      version: /^\d+\./,
      usedMemoryBytes: Number,
      maxMemoryPolicy: 'noeviction',
      keys: Number,
      clients: Number
    })
    const before = await stats.tick(({ connected }) => connected)
    t.match(before, {
      redis: { connected: true, usedMemoryBytes: Number },
      instances: [{ instance: 'catalog-1' }]
    })

    redis.freeze()
    t.match(await stats.tick(({ connected, redis }) => !connected && redis?.connected === false), {
      redis: { usedMemoryBytes: null }
    })
    t.match(await get(summary), { connected: false, requests: 100 }, 'what is known is known')
    t.match(await get('redis'), { kind: 'redis', connected: false })
    redis.thaw()
    await stats.tick(({ connected }) => connected)

    await redis.kill()
    await stats.tick(({ connected }) => !connected)
    await redis.restart()
    await stats.tick(({ connected }) => connected)
    t.comment('the instance tells again what Redis has forgotten, and something new')
    await metrics.write(state(), [
      told(first, 100),
      told(Math.floor(Date.now() / MINUTE), 37, 'run-2')
    ])
    const written = Date.now()
    await stats.tick(({ asOf }) => asOf !== null && asOf > written)
    t.match(await get(`summary?from=${(first - 6) * MINUTE}`), { connected: true, requests: 137 })

    const [{ status }] = await Promise.all([fetch(`${stats.url}/health/ready`), redis.kill()])
    t.equal(status, 200)
    await stats.stop()
    t.equal(stats.process.exitCode, 0, 'it ends in time without Redis')
  }
)
