import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { Surroundings } from './scenario.js'

/**
 * Makes a Redis `ms` milliseconds away in each direction and returns its URL. Data arrives in
 * order, delayed by that time.
 */
export async function distant (around: Surroundings, ms: number): Promise<string> {
  const { hostname, port } = new URL(around.redis)
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(Number(port), hostname)
    for (const [from, to] of [[near, far], [far, near]] as const) {
      sockets.add(from)
      from.setNoDelay()
      from.on('data', (bytes) => setTimeout(() => to.write(bytes), ms))
      // Data in flight to a closed side is dropped.
      from.on('error', () => {})
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  around.defer(async () => {
    const closed = once(server, 'close')
    server.close()
    for (const socket of sockets) socket.destroy()
    await closed
  })
  const address = server.address()
  if (address === null || typeof address === 'string') {
    throw new Error('a TCP server without a port')
  }
  return `redis://127.0.0.1:${address.port}`
}
