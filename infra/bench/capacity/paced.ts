import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import type { Child } from '../children/start.js'

/** Kinds of responses: their costs differ. */
export const KINDS = ['memory', 'redis', 'computed'] as const
export type Kind = typeof KINDS[number]
export type PerKind = Readonly<Record<Kind, number>>

/** Products that each instance has in memory. */
const HOT = 200

/**
 * Sends requests to instances at random times, whether or not responses have come, as many clients
 * do. Chooses products so that a response comes from memory, from Redis, or is computed.
 */
export class Visitors {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 })
  /** Products for each instance that only another one has read. */
  readonly #elsewhere: string[][]
  #next = 0

  /** @param name of the products, which no other visitors have read */
  constructor (
    readonly name: string, readonly instances: readonly Child[], readonly random: () => number
  ) {
    this.#elsewhere = instances.map(() => [])
  }

  end (): void {
    this.#agent.destroy()
  }

  /** Reads the hot products once on each instance, and `count` others that Redis then has. */
  async prepare (count: number): Promise<void> {
    for (const [i] of this.instances.entries()) {
      for (let id = 0; id < HOT; id++) await this.#get(i, `hot-${id}`)
    }
    for (let n = 0; n < count; n++) await this.#request('computed', n % this.instances.length)
  }

  /** Returns the responses by kind, and the milliseconds from when a request was due to its end. */
  async visit (perSecond: PerKind, ms: number): Promise<{ seen: PerKind, times: number[] }> {
    const seen = { memory: 0, redis: 0, computed: 0 }
    const times: number[] = []
    const all = KINDS.reduce((sum, kind) => sum + perSecond[kind], 0)
    const pending: Promise<unknown>[] = []
    const began = performance.now()
    for (let due = 0; ;) {
      due -= 1000 * Math.log(1 - this.random()) / all
      if (due > ms) break
      const early = began + due - performance.now()
      if (early > 1) await wait(early)
      let at = this.random() * all
      const kind = KINDS.find((kind) => (at -= perSecond[kind]) < 0) ?? 'computed'
      const instance = Math.floor(this.random() * this.instances.length)
      pending.push(this.#request(kind, instance).then((kind) => {
        seen[kind]++
        times.push(performance.now() - began - due)
      }))
    }
    await Promise.all(pending)
    return { seen, times }
  }

  async #request (kind: Kind, instance: number): Promise<Kind> {
    if (kind === 'memory') return this.#get(instance, `hot-${Math.floor(this.random() * HOT)}`)
    const known = kind === 'redis' ? this.#elsewhere[instance]?.shift() : undefined
    if (known !== undefined) return this.#get(instance, known)
    const id = `${this.name}-${this.#next++}`
    const answered = await this.#get(instance, id)
    this.#elsewhere[(instance + 1) % this.instances.length]?.push(id)
    return answered
  }

  async #get (instance: number, id: string): Promise<Kind> {
    const url = `${String(this.instances[instance]?.ready['url'])}/products/${id}`
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      get(url, { agent: this.#agent, headers: { host: 'shop.test' } }, resolve).once('error', reject)
    })
    response.resume()
    await once(response, 'end')
    const status = String(response.headers['cache-status'])
    if (response.statusCode !== 200) throw new Error(`${url}: ${response.statusCode} ${status}`)
    if (!status.includes('; hit')) return 'computed'
    return status.includes('detail=memory') ? 'memory' : 'redis'
  }
}
