import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type Test } from 'tap'
import type { Report } from '../programs/limited.js'
import { type TestNginx, startNginx } from './nginx.js'
import { program } from './program.js'
import './uncounted.js'
import { PATIENT } from './patience.js'
import { type TestRedis, startRedis } from '@weir/internal/testing'

const PROGRAM = fileURLToPath(new URL('../programs/limited.js', import.meta.url))

export const JWT_SECRET = 'a secret of the tests, which is long enough'

export interface LimitedFleet {
  readonly redis: TestRedis
  readonly nginx: TestNginx
  /** Reports of each instance since the previous call. */
  readonly reports: () => Promise<Report[]>
}

/** Instances of programs/limited.ts over one Redis, behind nginx; they end with the test. */
export async function startLimited (
  t: Test,
  count: number,
  more: Readonly<Record<string, string>> = {}
): Promise<LimitedFleet> {
  const redis = await startRedis(t)
  const env = {
    ...process.env,
    REDIS_URL: redis.url,
    JWT_SECRET,
    INSTANCES: String(count),
    ...PATIENT,
    ...more
  }
  const instances = await Promise.all(
    Array.from({ length: count }, async () => {
      const child = fork(PROGRAM, [], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], env })
      const running = program(t, child)
      const [ready] = (await once(child, 'message')) as [{ port?: number }]
      if (ready.port === undefined) throw new Error(running.output())
      return { child, url: `http://127.0.0.1:${ready.port}` }
    })
  )
  return {
    redis,
    nginx: await startNginx(t, { catalog: instances.map(({ url }) => url) }),
    reports: () =>
      Promise.all(
        instances.map(async ({ child }) => {
          const answer = once(child, 'message')
          child.send('report')
          const [report] = (await answer) as [Report]
          return report
        })
      )
  }
}
