import { fork } from 'node:child_process'
import { once } from 'node:events'
import { type Test } from 'tap'
import { JWT_SECRET } from './catalog.js'
import { PATIENT } from './patience.js'
import { type Program, program } from './program.js'
import { programOf } from './programs-of-suite.js'

const CLOCK = new URL('../programs/movable-clock.js', import.meta.url).href

/** One real instance of the storefront. */
export interface TestStorefront extends Program {
  readonly url: string
  /** Moves its clock. */
  advance (ms: number): Promise<void>
}

/** Starts an instance on a free port and resolves when it is ready; it ends with the test. */
export async function startStorefront (
  t: Test,
  env: Readonly<Record<string, string>>
): Promise<TestStorefront> {
  const { REDIS_URL: _, ...inherited } = process.env
  const child = fork(programOf('storefront'), [], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: ['--import', CLOCK],
    env: {
      ...inherited,
      HOST: '127.0.0.1',
      PORT: '0',
      INSTANCE: 'storefront-1',
      LOG_LEVEL: 'warn',
      JWT_SECRET,
      RATE_LIMIT_ALLOW: '127.0.0.1',
      ...PATIENT,
      ...env
    }
  })
  const storefront = program(t, child)
  const port = await new Promise<number>((resolve, reject) => {
    child.on('message', (message) => {
      if (
        typeof message === 'object' &&
        message !== null &&
        'port' in message &&
        typeof message.port === 'number'
      ) { resolve(message.port) }
    })
    child.once('close', () => {
      reject(new Error(`the storefront ended before it was ready:\n${storefront.output()}`))
    })
  })
  return {
    ...storefront,
    url: `http://127.0.0.1:${port}`,
    async advance (ms) {
      const advanced = once(child, 'message')
      child.send({ advance: ms })
      await advanced
    }
  }
}
