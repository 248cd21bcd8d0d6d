import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { parentPort, workerData } from 'node:worker_threads'
import type { LinkOrder, LinkReady, LinkState } from './links.js'

/** A way from one instance to Redis. */
class Link {
  state: LinkState = 'open'
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  constructor (readonly target: number) {
    this.#server = createServer((near) => { this.#join(near) })
  }

  async listen (): Promise<number> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  set (state: LinkState): void {
    this.state = state
    for (const socket of this.#sockets) {
      if (state === 'cut') socket.destroy()
      else if (state === 'stalled') socket.pause()
      else socket.resume()
    }
  }

  #join (near: Socket): void {
    if (this.state === 'cut') {
      near.destroy()
      return
    }
    const far = connect({ port: this.target, host: '127.0.0.1', noDelay: true })
    near.setNoDelay(true)
    this.#pass(near, far)
    this.#pass(far, near)
  }

  #pass (from: Socket, to: Socket): void {
    this.#sockets.add(from)
    from.on('data', (chunk) => to.write(chunk))
    if (this.state === 'stalled') from.pause()
    from.on('error', () => {}) // 'close' follows
    from.on('close', () => {
      this.#sockets.delete(from)
      to.destroy()
    })
  }
}

const { count, target } = workerData as { count: number, target: number }
const links = Array.from({ length: count }, () => new Link(target))
parentPort?.on('message', ({ link, state }: LinkOrder) => links[link]?.set(state))
const ready: LinkReady = { ports: await Promise.all(links.map((link) => link.listen())) }
parentPort?.postMessage(ready)
