import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { type Test } from 'tap'

/** Milliseconds between two readiness probes of a pod. */
const PERIOD = 200
/** Failed probes after which a pod is not ready. */
const FAILURES = 2
/** Milliseconds until every node knows that an endpoint has come or gone. */
const DELAY = 250

interface Endpoint {
  readonly port: number
  failures: number
  isReady: boolean
  isEnding: boolean
}

/**
 * The address of a Service. Like kube-proxy it picks a ready endpoint for each connection, at
 * random, and leaves open connections alone; like the kubelet it probes readiness. Changes arrive
 * late, as in a cluster, so connections still go to endpoints that have gone.
 */
export class ServiceAddress {
  readonly #endpoints = new Map<number, Endpoint>()
  readonly #sockets = new Set<Socket>()
  readonly #server: Server
  #changed: (() => void)[] = []

  private constructor () {
    this.#server = createServer((near) => { this.#join(near) })
  }

  static async start (t: Test): Promise<ServiceAddress> {
    const address = new ServiceAddress()
    address.#server.listen(0, '127.0.0.1')
    await once(address.#server, 'listening')
    const probes = setInterval(() => { address.#probe() }, PERIOD)
    t.teardown(() => {
      clearInterval(probes)
      address.#server.close()
      for (const socket of address.#sockets) socket.destroy()
    })
    return address
  }

  get host (): string {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? `127.0.0.1:${address.port}` : ''
  }

  get readyPorts (): number[] {
    return [...this.#endpoints.values()].filter(({ isReady }) => isReady).map(({ port }) => port)
  }

  /** Resolves when the pod is ready and receives connections. */
  async add (port: number): Promise<void> {
    const endpoint = { port, failures: 0, isReady: false, isEnding: false }
    this.#endpoints.set(port, endpoint)
    while (!endpoint.isReady) {
      await new Promise<void>((resolve) => { this.#changed.push(resolve) })
    }
  }

  /** Announces that a pod ends: its endpoint is removed a moment later. */
  remove (port: number): void {
    const endpoint = this.#endpoints.get(port)
    if (endpoint === undefined) return
    endpoint.isEnding = true
    setTimeout(() => { this.#endpoints.delete(port) }, DELAY)
  }

  /** Resolves when the pod does not receive connections any more, because its probes failed. */
  async lost (port: number): Promise<void> {
    while (this.#endpoints.get(port)?.isReady === true) {
      await new Promise<void>((resolve) => { this.#changed.push(resolve) })
    }
    this.#endpoints.delete(port)
  }

  #probe (): void {
    for (const endpoint of this.#endpoints.values()) {
      if (endpoint.isEnding) continue
      isReady(endpoint.port).then((ready) => {
        endpoint.failures = ready ? 0 : endpoint.failures + 1
        const next = ready || (endpoint.isReady && endpoint.failures < FAILURES)
        if (next === endpoint.isReady) return
        setTimeout(() => {
          endpoint.isReady = next
          for (const resolve of this.#changed.splice(0)) resolve()
        }, DELAY)
      }, () => {})
    }
  }

  #join (near: Socket): void {
    const ports = this.readyPorts
    const port = ports[Math.floor(Math.random() * ports.length)]
    this.#watch(near)
    if (port === undefined) {
      near.destroy()
      return
    }
    near.pause()
    const far = this.#watch(connect({ port, host: '127.0.0.1', noDelay: true }))
    far.once('connect', () => {
      near.pipe(far)
      far.pipe(near)
    })
    near.once('close', () => far.destroy())
    far.once('close', (failed) => failed ? near.destroy() : near.destroySoon())
  }

  #watch (socket: Socket): Socket {
    this.#sockets.add(socket.setNoDelay(true))
    socket.on('error', () => {}) // 'close' follows.
    socket.once('close', () => this.#sockets.delete(socket))
    return socket
  }
}

async function isReady (port: number): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(2000)
    const response = await fetch(`http://127.0.0.1:${port}/health/ready`, { signal })
    await response.arrayBuffer()
    return response.status === 200
  } catch {
    return false
  }
}
