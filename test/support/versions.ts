import { fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Test } from 'tap'
import { type Program, program } from './program.js'
import './uncounted.js'
import { PATIENT } from './patience.js'
import { startRedis, type TestRedis } from '@weir/internal/testing'
import { tempDir } from './temp-dir.js'

const PROGRAM = fileURLToPath(new URL('../programs/versions.js', import.meta.url))

export interface VersionAnswer {
  readonly version: number
  readonly runs: number
  readonly status: number
  readonly cacheStatus: string
}

/** One instance of the service in programs/versions.ts. */
export interface VersionsInstance extends Program {
  get (): Promise<VersionAnswer>
  put (): Promise<unknown>
  /** Number of runs of its handler. */
  runs (): Promise<number>
  /** Makes the next run of the handler report that it has read, and wait for `go`. */
  hold (): void
  go (): void
  /** Resolves when the held handler has read. */
  reads (): Promise<void>
}

export interface VersionsFleet {
  readonly instances: readonly VersionsInstance[]
  readonly redis: TestRedis | undefined
}

/** Instances over one store, whose resource has version 1; they end with the test. */
export async function startVersions (
  t: Test,
  store: 'sqlite' | 'redis',
  names: readonly string[],
  env: Readonly<Record<string, string>> = {}
): Promise<VersionsFleet> {
  const folder = await tempDir(t)
  await writeFile(join(folder, 'version'), '1')
  const redis = store === 'redis' ? await startRedis(t) : undefined
  const all = { ...process.env, DATA_DIR: folder, REDIS_URL: redis?.url ?? '', ...PATIENT, ...env }
  return {
    redis,
    instances: await Promise.all(names.map((name) => start(t, { ...all, INSTANCE: name })))
  }
}

async function start (
  t: Test,
  env: Readonly<Record<string, string | undefined>>
): Promise<VersionsInstance> {
  const child = fork(PROGRAM, [], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], env: { ...env } })
  const running = program(t, child)
  const [ready] = (await once(child, 'message')) as [{ port?: number }]
  if (ready.port === undefined) throw new Error(running.output())
  const url = `http://127.0.0.1:${ready.port}`
  return {
    ...running,
    async get () {
      const response = await fetch(`${url}/version`)
      const body = (await response.json()) as { version: number; runs: number }
      return {
        ...body,
        status: response.status,
        cacheStatus: response.headers.get('cache-status') ?? ''
      }
    },
    put: async () => (await fetch(`${url}/version`, { method: 'PUT' })).json(),
    async runs () {
      const { runs } = (await (await fetch(`${url}/runs`)).json()) as { runs: number }
      return runs
    },
    hold () {
      child.send('hold')
    },
    go () {
      child.send('go')
    },
    async reads () {
      const [message] = (await once(child, 'message')) as [unknown]
      if (message !== 'read') throw new Error(`${String(message)} instead of read`)
    }
  }
}
