import { fork } from 'node:child_process'
import { once } from 'node:events'
import { type Test } from 'tap'
import { type Program, program } from './program.js'
import './uncounted.js'
import { PATIENT } from './patience.js'
import { programOf } from './programs-of-suite.js'
import { tempDir } from './temp-dir.js'

const CLOCK = new URL('../programs/movable-clock.js', import.meta.url).href

/** A program with a port and a clock that a test moves. */
interface Node extends Program {
  readonly url: string
  advance (ms: number): Promise<void>
}

/** A fault of the simulated upstream: see infra/upstream. */
export interface Fault {
  readonly kind: string
  readonly [option: string]: string | number
}

/**
 * Instances of the weather service in front of a simulated Open-Meteo, with a common clock. They
 * end with the test.
 */
export interface WeatherFleet {
  readonly instances: readonly Node[]
  advance (ms: number): Promise<void>
  /** Replaces the previous fault; without an argument there is none. */
  upstreamHas (fault?: Fault): Promise<void>
  /**
   * Number of calls to the upstream, by endpoint, and how often two for the same target overlapped.
   */
  upstreamSaw (): Promise<{ forecasts: number, searches: number, overlaps: number }>
}

export async function startWeather (
  t: Test, instances: number, redisUrl: string, env: Readonly<Record<string, string>> = {}
): Promise<WeatherFleet> {
  const dataDir = await tempDir(t)
  const simulator = await startNode(t, programOf('upstream'), { ...process.env, PORT: '0' })
  const fleet = await Promise.all(Array.from({ length: instances }, (_, i) => startNode(t, programOf('weather'), {
    ...process.env,
    PORT: '0',
    INSTANCE: `weather-${i + 1}`,
    INSTANCES: String(instances),
    DATA_DIR: dataDir,
    LOG_LEVEL: 'silent',
    RATE_LIMIT_ALLOW: '127.0.0.1',
    ...PATIENT,
    FORECAST_ORIGIN: simulator.url,
    GEOCODING_ORIGIN: simulator.url,
    REDIS_URL: redisUrl,
    ...env
  })))
  const control = `${simulator.url}/_control`
  return {
    instances: fleet,
    async advance (ms) {
      await Promise.all([simulator, ...fleet].map((node) => node.advance(ms)))
    },
    async upstreamHas (fault) {
      await (await fetch(control, { method: 'DELETE' })).text()
      if (fault !== undefined) {
        await (await fetch(control, { method: 'POST', body: JSON.stringify(fault) })).text()
      }
    },
    async upstreamSaw () {
      const { calls, overlaps } = (await (await fetch(control)).json()) as {
        calls: Record<string, number>
        overlaps: number
      }
      return { forecasts: calls['/v1/forecast'] ?? 0, searches: calls['/v1/search'] ?? 0, overlaps }
    }
  }
}

async function startNode (t: Test, entry: string, env: NodeJS.ProcessEnv): Promise<Node> {
  const child = fork(entry, [], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: ['--import', CLOCK],
    env
  })
  const running = program(t, child)
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message) => {
      if (typeof message === 'object' && message !== null && 'port' in message) {
        resolve(Number(message.port))
      }
    })
    child.once('close', () => {
      reject(new Error(`it ended before it was ready:\n${running.output()}`))
    })
  })
  return {
    ...running,
    url: `http://127.0.0.1:${port}`,
    async advance (ms) {
      const advanced = once(child, 'message')
      child.send({ advance: ms })
      await advanced
    }
  }
}
