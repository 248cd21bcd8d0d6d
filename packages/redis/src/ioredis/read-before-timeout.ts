import type { Cluster, Command, Redis } from 'ioredis'

type Stream = Parameters<Redis['sendCommand']>[1]

// The message of ioredis for a command that timed out.
const TIMED_OUT = 'Command timed out'

/**
 * Makes a client read all received data before it gives up on a command.
 *
 * Node runs timers before it reads sockets. After being busy for longer than the timeout, ioredis
 * on its own would give up all commands in flight, even though their replies have long arrived.
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
