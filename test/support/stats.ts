import { fork } from 'node:child_process'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { type Test } from 'tap'
import { type Program, program } from './program.js'
import { PATIENT } from './patience.js'
import { programOf } from './programs-of-suite.js'
import { tempDir } from './temp-dir.js'

/** One real instance of stats. */
export interface TestStats extends Program {
  readonly url: string
  /** Resolves with the first tick from now on that meets the condition. */
  tick (is: (tick: Tick) => boolean): Promise<Tick>
}

/** The parts of a tick that tests check. */
export interface Tick {
  readonly asOf: number | null
  readonly connected: boolean
  readonly redis: { readonly connected: boolean, readonly usedMemoryBytes: number | null } | null
  readonly instances: readonly { readonly instance: string, readonly alive: boolean }[]
}

/** Starts stats on a free port and resolves when it is ready; it ends with the test. */
export async function startStats (
  t: Test,
  redisUrl: string,
  env: Readonly<Record<string, string>> = {}
): Promise<TestStats> {
  const child = fork(programOf('stats'), [], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: {
      ...process.env,
      HOST: '127.0.0.1',
      PORT: '0',
      INSTANCE: 'stats-1',
      DATA_DIR: await tempDir(t),
      LOG_LEVEL: 'warn',
      RATE_LIMIT_ALLOW: '127.0.0.1',
      ...PATIENT,
      REDIS_URL: redisUrl,
      ...env
    }
  })
  const stats = program(t, child)
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message) => {
      if (typeof message === 'object' && message !== null && 'port' in message) {
        resolve(Number(message.port))
      }
    })
    child.once('close', () => {
      reject(new Error(`stats ended before it was ready:\n${stats.output()}`))
    })
  })
  const url = `http://127.0.0.1:${port}`
  return { ...stats, url, tick: (is) => firstTick(`${url}/api/stats/live`, is) }
}

async function firstTick (url: string, is: (tick: Tick) => boolean): Promise<Tick> {
  const { body } = await fetch(url)
  if (body === null) throw new Error('There is no stream')
  const input = Readable.fromWeb(body)
  let event = ''
  try {
    for await (const line of createInterface({ input })) {
      if (line.startsWith('event: ')) event = line.slice('event: '.length)
      if (event !== 'tick' || !line.startsWith('data: ')) continue
      const tick = JSON.parse(line.slice('data: '.length)) as Tick
      if (is(tick)) return tick
    }
    throw new Error('The stream ended before such a tick came')
  } finally {
    // The stream breaks off with the service; there is no reader then.
    input.destroy()
  }
}
