import { once } from 'node:events'
import { reasonOf } from '@weir/internal'
import type { FastifyInstance } from 'fastify'
import { type Command, UsageError } from './command.js'
import { DEFAULT_PORT, readOptions } from './console-options.js'

const USAGE = `Usage: weir console --redis URL [--port N] [--host H] [--prefix P]

Shows what the caches and limits of all services do that report to this Redis.

  --redis URL  redis://host:6379, rediss://user:password@host:6379/0, the path of a socket,
               redis+sentinel://host:26379/name or redis+cluster://host:7000,host:7001.
               Default: REDIS_URL
  --port N     Port to listen on, 0 for any free one. Default: ${DEFAULT_PORT}, or a free one
  --host H     Address to listen on. Default: 127.0.0.1
  --prefix P   Prefix of the keys in Redis, as the stores of your services have it. Default: weir`

/** `weir console`: runs the console of a Redis on this machine. */
export const consoleCommand: Command = {
  summary: 'Open the console of the services that share a Redis',
  usage: USAGE,
  async run (args, { stdout, stderr, env, signal }) {
    const options = readOptions(args, env)
    // Imported lazily, so that other commands start without loading Fastify.
    const { buildConsole } = await import('./console-app.js')
    const { app, code } = await buildConsole(options, stderr).catch((error: unknown) => {
      const isUrl = error instanceof Error && 'code' in error && error.code === 'WEIR_ERR_REDIS_URL'
      throw isUrl ? new UsageError(`--redis cannot be used: ${reasonOf(error)}`) : error
    })
    try {
      const url = await listen(app, options)
      stdout.write(
        `The console is at  ${url}/\n` +
          `Log in once, with  ${url}/#login=${code}\n` +
          'Viewing needs no login on this machine. Keys and invalidation do. The link is valid ' +
          'for one hour.\nCtrl-C ends the console.\n'
      )
      if (!signal.aborted) await once(signal, 'abort')
      return 0
    } finally {
      await app.close()
    }
  }
}

/** Listens on the requested port, or on a free one if the default port is in use. */
async function listen (
  app: FastifyInstance,
  { host, port }: { readonly host: string, readonly port: number }
): Promise<string> {
  try {
    return await app.listen({ host, port })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOTFOUND' || code === 'EADDRNOTAVAIL' || code === 'EAI_AGAIN') {
      throw new UsageError(`--host ${host} is not an address of this machine.`)
    }
    if (code !== 'EADDRINUSE') throw error
    if (port === DEFAULT_PORT) return await app.listen({ host, port: 0 })
    throw new Error(`Port ${port} of ${host} is in use: give another --port.`)
  }
}
