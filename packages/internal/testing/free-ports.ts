import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

/** Returns `count` different ports of 127.0.0.1 that were free a moment ago. */
export async function freePorts (count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map(portOf)
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}

export async function freePort (): Promise<number> {
  const [port = 0] = await freePorts(1)
  return port
}

function portOf (server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') {
    throw new Error('a TCP server without a port')
  }
  return address.port
}
