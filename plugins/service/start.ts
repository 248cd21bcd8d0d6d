import closeWithGrace from 'close-with-grace'
import type { FastifyInstance } from 'fastify'
import { describeBootError } from './boot-error.js'
import type { ServiceEnv } from './env.js'

/**
 * Listens, and shuts down on SIGTERM or SIGINT, on an uncaught error, or when the parent that holds
 * its IPC channel is gone. Such a parent receives `{ type: 'ready', port }`. After SIGTERM it still
 * answers for DRAIN_MS, while readiness fails. Then the process exits within 1.4 s, with 0 if
 * everything was closed by then. If it cannot listen, it exits like `bootFailed`.
 */
export async function start (app: FastifyInstance, env: ServiceEnv): Promise<void> {
  let closing = false
  const { close } = closeWithGrace({
    delay: env.DRAIN_MS + 1400,
    logger: app.log,
    // Ctrl-C reaches a parent's children as well: the parent ends them, and a second signal would
    // interrupt their shutdown.
    skip: process.send === undefined ? [] : ['SIGINT']
  }, async ({ err, signal }) => {
    closing = true
    if (err !== undefined) app.log.fatal({ err }, 'closing after an uncaught error')
    else if (signal === 'SIGTERM' && env.DRAIN_MS > 0) {
      app.log.info(`closing in ${env.DRAIN_MS} ms; until then requests are answered`)
      await app.drain(env.DRAIN_MS)
    }
    await app.close()
  })
  if (process.send !== undefined) {
    process.on('SIGINT', () => {})
    process.on('disconnect', () => {
      if (!closing) close()
    })
  }

  let address: string
  try {
    address = await app.listen({ host: env.HOST, port: env.PORT })
  } catch (error) {
    bootFailed(error)
  }
  const port = Number(new URL(address).port)
  // The parent may be gone already; then 'disconnect' was received.
  if (process.connected) process.send?.({ type: 'ready', port }, undefined, undefined, () => {})
}

/**
 * Ends a process that cannot start: prints one line on stderr that names the path or variable and
 * the remedy, or the stack for an unexpected error. The exit status is 78 if another start would
 * fail in the same way, else 1.
 *
 * @example main().catch(bootFailed)
 */
export function bootFailed (error: unknown): never {
  const { text, exitStatus } = describeBootError(error)
  process.stderr.write(`${text}\n`)
  process.exit(exitStatus)
}
