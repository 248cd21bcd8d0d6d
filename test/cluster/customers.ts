import { setTimeout as wait } from 'node:timers/promises'
import { asEditor } from '../support/catalog.js'

const READERS = 6
/** Products that are written, each by one client. */
const WRITTEN = [7, 8, 9]
/** Milliseconds between two requests of a client: a fleet at rest, not a load test. */
const PAUSE = 20
/** The same of readers while instances start, for which they need the cores. */
const LONG_PAUSE = 60
/** The newest price of all clients of the process. */
let price = 1_000_000

/**
 * Clients that never stop reading and writing products, and what was wrong with the responses. A
 * price is a version: it rises with each write.
 */
export class Customers {
  reads = 0
  hits = 0
  writes = 0
  /** Failed requests and stale reads. */
  readonly wrong: string[] = []
  /** Writes that were lost with an instance: they may or may not have taken effect. */
  readonly unknown: string[] = []
  /** The newest acknowledged price of each product. */
  readonly #acknowledged = new Map(WRITTEN.map((id) => [id, 0]))
  #isOver = false
  #waiting: { readonly reads: number, readonly resolve: () => void }[] = []
  readonly #clients: Promise<unknown>

  constructor (readonly urlOf: (isWrite: boolean) => string) {
    this.#clients = Promise.all([
      ...Array.from({ length: READERS }, (_, i) => this.#read(i)),
      ...WRITTEN.map((id) => this.#write(id))
    ])
  }

  /** Resolves after that many more reads. */
  more (reads: number): Promise<void> {
    return new Promise((resolve) => { this.#waiting.push({ reads: this.reads + reads, resolve }) })
  }

  async stop (): Promise<void> {
    this.#isOver = true
    await this.#clients
  }

  async #read (client: number): Promise<void> {
    for (let i = client; !this.#isOver; i++) {
      const id = i % 2 === 0 ? WRITTEN[i / 2 % WRITTEN.length] ?? 0 : 100 + i % 50
      const least = this.#acknowledged.get(id) ?? 0
      try {
        const response = await fetch(`${this.urlOf(false)}/api/products/${id}`)
        const status = response.headers.get('cache-status') ?? ''
        const body: unknown = await response.json()
        if (response.status !== 200) this.#failed(`read: ${response.status} ${codeOf(body)}`)
        else if (priceOf(body) < least) {
          this.wrong.push(`product ${id}: ${priceOf(body)} after ${least}, ${status}`)
        }
        if (status.includes('; hit')) this.hits++
      } catch (error) {
        this.#failed(`read: ${String(error)}`)
      }
      this.reads++
      this.#waiting = this.#waiting.filter(({ reads, resolve }) => this.reads < reads || resolve())
      await wait(this.#waiting.length > 0 ? PAUSE : LONG_PAUSE)
    }
  }

  async #write (id: number): Promise<void> {
    while (!this.#isOver) {
      const written = ++price
      try {
        const response = await fetch(`${this.urlOf(true)}/api/products/${id}`, {
          method: 'PATCH', headers: asEditor, body: JSON.stringify({ price: written })
        })
        const body: unknown = await response.json()
        if (response.status === 200) this.#acknowledged.set(id, written)
        else if (codeOf(body) === 'WEIR_ERR_INSTANCE_LOST') this.unknown.push(codeOf(body))
        else this.#failed(`write: ${response.status} ${codeOf(body)}`)
      } catch (error) {
        this.#failed(`write: ${String(error)}`)
      }
      this.writes++
      await wait(5 * PAUSE)
    }
  }

  #failed (what: string): void {
    this.wrong.push(what)
  }
}

const codeOf = (body: unknown): string =>
  typeof body === 'object' && body !== null && 'code' in body ? String(body.code) : ''
const priceOf = (body: unknown): number =>
  typeof body === 'object' && body !== null && 'price' in body ? Number(body.price) : NaN
