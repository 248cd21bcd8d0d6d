import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { parentPort, workerData } from 'node:worker_threads'
import type { Door, Manner, NetworkOrder, Sources } from './network.js'

const { doors, sources } = workerData as { doors: readonly Door[], sources: Sources }

let side: ReadonlySet<string> = new Set()
let manner: Manner = 'silent'

const isCut = (one: string, other: string) => side.has(one) !== side.has(other)

/** A connection through a proxy, from one member to another. */
interface Passage {
  readonly from: string
  readonly to: string
  readonly ends: readonly [Socket, Socket]
}

const passages = new Set<Passage>()

/** The proxy in front of one port of a member. */
class Proxy {
  readonly #server: Server

  constructor (readonly door: Door) {
    this.#server = createServer((near) => { this.#join(near) })
  }

  async open (): Promise<void> {
    if (this.#server.listening) return
    this.#server.listen(this.door.port, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  close (): void {
    this.#server.close()
  }

  #join (near: Socket): void {
    const from = sources[near.remoteAddress ?? ''] ?? 'outside'
    const far = connect({ port: this.door.target, host: '127.0.0.1', noDelay: true })
    near.setNoDelay(true)
    const passage: Passage = { from, to: this.door.member, ends: [near, far] }
    passages.add(passage)
    for (const [one, other] of [[near, far], [far, near]] as const) {
      one.on('data', (chunk) => other.write(chunk))
      one.on('error', () => {}) // 'close' follows.
      one.on('close', () => {
        passages.delete(passage)
        other.destroy()
      })
    }
    apply(passage)
  }
}

function apply ({ from, to, ends }: Passage): void {
  const cut = isCut(from, to)
  for (const end of ends) {
    if (!cut) end.resume()
    else if (manner === 'reset') end.destroy()
    else end.pause()
  }
}

function fail (error: unknown): void {
  throw error
}

const proxies = doors.map((door) => new Proxy(door))

parentPort?.on('message', (order: NetworkOrder) => {
  switch (order.kind) {
    case 'split':
      side = new Set(order.side)
      manner = order.manner
      break
    case 'heal':
      side = new Set()
      break
    case 'door':
      for (const proxy of proxies.filter(({ door }) => door.member === order.member)) {
        if (order.open) proxy.open().catch(fail)
        else proxy.close()
      }
      return
  }
  for (const passage of passages) apply(passage)
})

for (const proxy of proxies) await proxy.open()
parentPort?.postMessage('open')
