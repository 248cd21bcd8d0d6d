import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

// Below the range of ephemeral ports: a server that is restarted must find its port free.
const [FIRST, LAST] = [20_000, 32_000]

/**
 * Returns `lists` lists of ports, all free and all different, that the system assigns to no
 * connection.
 */
export async function freePorts (lists: number, each: number): Promise<number[][]> {
  const count = lists * each
  const held = new Map<number, Server>()
  for (let attempts = 0; held.size < count; attempts++) {
    if (attempts > 20 * count) throw new Error('no free ports')
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST))
    const server = await listening(port)
    if (server !== undefined) held.set(port, server)
  }
  await Promise.all([...held.values()].map((server) => once(server.close(), 'close')))
  const ports = [...held.keys()]
  return Array.from({ length: lists }, (_, i) => ports.slice(i * each, (i + 1) * each))
}

/** Listens on a port; undefined if it is taken. */
async function listening (port: number): Promise<Server | undefined> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
    return server
  } catch {
    return undefined
  }
}
