import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { definePolicy, type Policy } from '../src/index.js'
import { startRedis } from '@weir/internal/testing'

/** The arguments of `consumer.ts`. */
export interface Job {
  readonly place:
    | { readonly kind: 'sqlite'; readonly file: string }
    | { readonly kind: 'redis'; readonly path: string }
  readonly policy: Policy
  readonly times: number
}

interface Result { readonly allowed: number, readonly elsewhere: number }

/** Starts a process for each job, lets them begin together, and returns their results. */
async function race (t: Test, jobs: readonly Job[]): Promise<Result[]> {
  const children = jobs.map((job) =>
    fork(new URL('consumer.js', import.meta.url), [JSON.stringify(job)])
  )
  t.teardown(() => { for (const child of children) child.kill() })
  await Promise.all(children.map((child) => once(child, 'message')))
  const results = children.map(async (child) => {
    const [result] = await once(child, 'message') as [Result]
    return result
  })
  const exited = children.map((child) => once(child, 'exit'))
  for (const child of children) child.send('go')
  await Promise.all(exited)
  return Promise.all(results)
}

const places: Record<string, (t: Test) => Promise<Job['place']>> = {
  sqlite: async (t) => ({ kind: 'sqlite', file: join(t.testdir(), 'limits.db') }),
  redis: async (t) => ({ kind: 'redis', path: (await startRedis(t)).path })
}

for (const [name, open] of Object.entries(places)) {
  t.test(`two processes on ${name} use one budget, to the last`, async (t) => {
    const place = await open(t)
    for (const policy of [
      // Capacity returns more slowly than the test runs.
      definePolicy({ name: 'gcra', limit: 24, window: 86_400_000, burst: 500 }),
      definePolicy({ name: 'log', limit: 500, window: 86_400_000, algorithm: 'sliding-window' })
    ]) {
      const results = await race(t, [{ place, policy, times: 400 }, { place, policy, times: 400 }])
      t.strictSame(results.map(({ elsewhere }) => elsewhere), [0, 0], 'the store decided')
      t.equal(
        results.reduce((sum, { allowed }) => sum + allowed, 0),
        500,
        `${policy.name}: ${JSON.stringify(results)}`
      )
      t.ok(results.every(({ allowed }) => allowed >= 100), 'and each had some')
    }
  })
}

t.test('three processes on Redis, with slices of one budget, use it within 1%', async (t) => {
  const place = { kind: 'redis', path: (await startRedis(t)).path } as const
  for (const policy of [
    definePolicy({ name: 'gcra', limit: 24, window: 86_400_000, burst: 2000 }),
    definePolicy({ name: 'log', limit: 2000, window: 86_400_000, algorithm: 'sliding-window' })
  ]) {
    const job = { place, policy, times: 1200 }
    const allowed = (await race(t, [job, job, job])).reduce((sum, { allowed }) => sum + allowed, 0)
    t.ok(allowed >= 2000 && allowed <= 2020, `${policy.name}: ${allowed} of 2000`)
  }
})

t.test(
  'two processes on Redis use no more than rate and burst in any span of time',
  async (t) => {
    const server = await startRedis(t)
    const client = await server.connect()
    const now = async () => {
      const [seconds, microseconds] = await client.time()
      return Number(seconds) * 1e6 + Number(microseconds)
    }
    const policy = definePolicy({ name: 'p', limit: 1000, window: 1000, burst: 20 })
    const job = { place: { kind: 'redis', path: server.path }, policy, times: 1500 } as const
    const begin = await now()
    const results = await race(t, [job, job])
    const elapsed = (await now()) - begin
    const allowed = results.reduce((sum, { allowed }) => sum + allowed, 0)
    t.ok(allowed <= 20 + elapsed / 1000, `${allowed} in ${elapsed} µs`)
    t.ok(allowed >= 20, 'and the burst at least')
  }
)
