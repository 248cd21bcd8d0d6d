import type { Cluster, Command, Redis } from 'ioredis'

type Stream = Parameters<Redis['sendCommand']>[1]

// What ioredis says of a command whose timer has run out.
const TIMED_OUT = 'Command timed out'

/**
 * Makes a client read what Redis has sent until now before it gives a command up. Node runs timers
 * before it reads sockets: after whatever kept the process busy for longer than the timeout,
 * ioredis by itself gives up all commands under way, although their replies have long been there.
 */
export function readBeforeTimeout (client: Redis | Cluster): void {
  const send = client.sendCommand.bind(client)
  client.sendCommand = (command: Command, stream?: Stream, node?: unknown) => {
    const { reject } = command
    command.reject = (error) => {
      if (error.message !== TIMED_OUT) return reject(error)
      setImmediate(() => { if (!command.isSettled) reject(error) })
    }
    return send(command, stream, node)
  }
}
