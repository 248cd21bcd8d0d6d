import { setTimeout as wait } from 'node:timers/promises'
import { Pool } from 'undici'
import { Checker } from './check.js'
import type { Step, Trace } from './trace.js'

/** The answers to one trace. */
export interface Replayed {
  readonly answered: number
  /** Seconds during which requests were in flight. */
  readonly seconds: number
  /** Number of wrong responses by fault. */
  readonly faults: ReadonlyMap<string, number>
}

const CONNECTIONS = 32
const HOST = 'site.test'

/**
 * Sends the requests of a trace to the URLs and checks every response. Sends one burst per second,
 * each as fast as 32 connections in all allow.
 */
export async function replay (trace: Trace, urls: readonly string[]): Promise<Replayed> {
  const pools = urls.map((url) => new Pool(url, { connections: CONNECTIONS, pipelining: 1 }))
  const checker = new Checker()
  const faults = new Map<string, number>()
  let [answered, seconds] = [0, 0]

  const send = async (pool: Pool, step: Step): Promise<void> => {
    const sentAt = Date.now()
    let fault: string | undefined
    try {
      const { statusCode, headers, body } = await pool.request({
        method: 'GET', path: step.resource.path, headers: { host: HOST, ...step.headers }
      })
      const bytes = Buffer.from(await body.arrayBuffer())
      fault = checker.fault(step, {
        status: statusCode,
        headers,
        body: bytes,
        sentAt,
        receivedAt: Date.now()
      })
    } catch {
      fault = 'no answer'
    }
    answered++
    if (fault !== undefined) faults.set(fault, (faults.get(fault) ?? 0) + 1)
  }

  const began = performance.now()
  for (const [i, burst] of trace.bursts.entries()) {
    await wait(Math.max(0, began + i * 1000 - performance.now()))
    const from = performance.now()
    const queue = burst.values()
    await Promise.all(
      pools.flatMap((pool) =>
        Array.from({ length: CONNECTIONS / pools.length }, async () => {
          for (const step of queue) await send(pool, step)
        })
      )
    )
    seconds += (performance.now() - from) / 1000
  }
  await Promise.all(pools.map((pool) => pool.close()))
  return { answered, seconds, faults }
}
