import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { parentPort, workerData } from 'node:worker_threads'
import { type LinkOrder, type LinkReady, type LinkState, SLOW } from './links.js'

/** One direction of a connection: data arrives in order, and never before earlier data. */
class Flow {
  readonly #waiting: { readonly chunk: Buffer | undefined, readonly due: number }[] = []

  /** @param takes the current delay, in ms */
  constructor (readonly to: Socket, readonly takes: () => number) {}

  bring (chunk: Buffer): void {
    this.#add(chunk)
  }

  /** Ends the connection after all data. */
  end (): void {
    this.#add(undefined)
  }

  #add (chunk: Buffer | undefined): void {
    const due = performance.now() + this.takes()
    if (this.#waiting.push({ chunk, due }) === 1) this.#wait(due)
  }

  #wait (due: number): void {
    const left = due - performance.now()
    if (left > 0) setTimeout(() => { this.#arrive() }, Math.ceil(left))
    else this.#arrive()
  }

  #arrive (): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (next.due > performance.now()) return this.#wait(next.due)
      this.#waiting.shift()
      if (next.chunk === undefined) this.to.destroy()
      else if (!this.to.destroyed) this.to.write(next.chunk)
    }
  }
}

/** A path from one instance to Redis. */
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
    const flow = new Flow(to, () => this.state === 'slow' ? SLOW : 0)
    from.on('data', (chunk) => { flow.bring(chunk) })
    if (this.state === 'stalled') from.pause()
    from.on('error', () => {}) // 'close' follows.
    from.on('close', () => {
      this.#sockets.delete(from)
      if (this.state === 'cut') to.destroy()
      else flow.end()
    })
  }
}

const { count, target } = workerData as { count: number, target: number }
const links = Array.from({ length: count }, () => new Link(target))
parentPort?.on('message', ({ link, state }: LinkOrder) => links[link]?.set(state))
const ready: LinkReady = { ports: await Promise.all(links.map((link) => link.listen())) }
parentPort?.postMessage(ready)
