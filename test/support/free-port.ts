import { once } from 'node:events'
import { createServer } from 'node:net'

const ATTEMPTS = 5

/**
 * For programs that cannot be asked to choose a port themselves: `start` gets one that was free a moment ago and answers
 * undefined if somebody else was faster, which is all that another port can mend.
 */
export async function onFreePort<T> (start: (port: number) => Promise<T | undefined>): Promise<T> {
  for (let i = 0; i < ATTEMPTS; i++) {
    const started = await start(await freePort())
    if (started !== undefined) return started
  }
  throw new Error(`${ATTEMPTS} free ports in a row were taken by others before they could be used`)
}

async function freePort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('a TCP server without a port')
  return address.port
}
