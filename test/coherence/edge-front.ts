import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { EdgeFetch } from './edge-judge.js'
import type { Instance } from './fleet.js'
import type { Teardowns } from './teardowns.js'

/** A front door of a fleet: passes each request to the next instance that is up. */
export class Front {
  instances: readonly Instance[] = []
  port = 0
  /** Longest time for which a response is held up on its way, in ms. */
  hold = 0
  readonly #fetches: { readonly began: number, storedBy: number }[] = []
  #turn = 0

  static async start (teardowns: Teardowns): Promise<Front> {
    const front = new Front()
    const server = createServer((request, response) => {
      const fetch = front.#fetches.push({ began: performance.now(), storedBy: Infinity }) - 1
      front.#pass(request).then(async ({ statusCode, headers, body }) => {
        if (front.hold > 0) await delay(Math.random() * front.hold)
        response.writeHead(statusCode, { ...headers, 'x-fetch': String(fetch) })
        await pipeline(body, response)
      }).catch(() => {
        // No instance answers: a cache passes the failure on and stores nothing.
        if (response.headersSent) response.destroy()
        else response.writeHead(503, { 'cache-control': 'no-store' }).end()
      })
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    teardowns.add(() => {
      server.closeAllConnections()
      server.close()
    })
    const address = server.address()
    front.port = typeof address === 'object' ? address?.port ?? 0 : 0
    return front
  }

  /** Returns the fetch of a response that has arrived. `isHit`: it came out of the cache. */
  fetchOf (id: string, isHit: boolean, end: number): EdgeFetch | undefined {
    const fetch = this.#fetches[Number(id)]
    if (fetch === undefined) return undefined
    const before = { ...fetch }
    if (isHit) fetch.storedBy = Math.min(fetch.storedBy, end)
    return before
  }

  /** Returns the next instance that is up; undefined if none is. */
  next (): UpInstance | undefined {
    const up = this.instances.filter(isUp)
    return up[this.#turn++ % Math.max(1, up.length)]
  }

  async #pass (request: IncomingMessage) {
    const { method = 'GET', url: path = '/', headers } = request
    const { connection: _, host: __, ...others } = headers
    const body = method === 'GET' ? null : request
    const instance = this.next()
    if (instance === undefined) throw new Error('no instance is up')
    return instance.pool.request({ method, path, headers: others, body })
  }
}

type UpInstance = Instance & { readonly pool: NonNullable<Instance['pool']> }

const isUp = (instance: Instance): instance is UpInstance => instance.pool !== undefined
