import type { Dispatcher } from 'undici'
import type { Instance } from '../fleet.js'
import { Latencies } from './latencies.js'

export interface ProbeOptions {
  readonly instances: readonly Instance[]
  /** Versions that only the probe reads and no client writes: equally many of each lifetime. */
  readonly ids: readonly number[]
  /** Pause between two reads of one instance, in ms. */
  readonly every: number
}

// Every fourth resource expires after 250 ms (`instance.ts`): instances wait for each other's
// fills.
const CONTENDED = 4
const FILL_TAKES = 100

/**
 * Sends reads that only the cache can delay, at a steady rate regardless of the previous one. Their
 * handlers take no time, or 100 ms where instances must wait for each other.
 */
export class Probe {
  /** Collects the latencies of reads that begin now. */
  current = new Latencies()
  failed = 0
  readonly #options: ProbeOptions
  readonly #pending = new Set<Promise<void>>()
  #timers: NodeJS.Timeout[] = []
  #next = 0

  constructor (options: ProbeOptions) {
    this.#options = options
  }

  start (): void {
    const { instances, every } = this.#options
    this.#timers = instances.map((instance) => setInterval(() => {
      const read = this.#read(instance).finally(() => this.#pending.delete(read))
      this.#pending.add(read)
    }, every))
  }

  /** Resolves when the last read has been answered. */
  async stop (): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    await Promise.all(this.#pending)
  }

  async #read (instance: Instance): Promise<void> {
    const { ids } = this.#options
    const place = this.#next++ % ids.length
    const id = ids[place] ?? 0
    const delay = place % CONTENDED === CONTENDED - 1 ? FILL_TAKES : 0
    const headers = { 'x-delay': `${delay}` }
    const request = { method: 'GET', path: `/versions/${id}`, headers } as const
    const { current } = this
    const begin = performance.now()
    const answer = await answerOf(instance, request)
    if (!answer.isGood) this.failed++
    current.add(performance.now() - begin, `${instance.name}: ${request.path}: ${answer.text}`)
  }
}

async function answerOf ({ pool }: Instance, request: Dispatcher.RequestOptions) {
  if (pool === undefined) return { isGood: false, text: 'the instance is down' }
  try {
    const { statusCode, headers, body } = await pool.request(request)
    await body.dump()
    return { isGood: statusCode === 200, text: `${statusCode} ${String(headers['cache-status'])}` }
  } catch (error) {
    return { isGood: false, text: String(error) }
  }
}
