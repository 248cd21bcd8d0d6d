import closeWithGrace from 'close-with-grace'
import type { FastifyInstance } from 'fastify'
import { describeBootError } from './boot-error.js'
import type { ServiceEnv } from './env.js'

/**
 * Listens, and closes when told to: by SIGTERM or SIGINT, by an error that nobody caught, or when
 * the parent that holds its IPC channel is gone. Such a parent hears `{ type: 'ready', port }`.
 * After SIGTERM it goes on answering for DRAIN_MS, while readiness fails. Then the process ends
 * within 1.4 s, with 0 if all was closed by then. When it cannot listen it ends as `bootFailed`
 * does.
 */
export async function start (app: FastifyInstance, env: ServiceEnv): Promise<void> {
  let closing = false
  const { close } = closeWithGrace({
    delay: env.DRAIN_MS + 1400,
    logger: app.log,
    // Ctrl-C reaches a parent's children as well: the parent is the one to end them, and a second
    // signal would cut them off.
    skip: process.send === undefined ? [] : ['SIGINT']
  }, async ({ err, signal }) => {
    closing = true
    if (err !== undefined) app.log.fatal({ err }, 'closing after an error that nobody caught')
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
  // The parent may be gone already; then 'disconnect' has been heard.
  if (process.connected) process.send?.({ type: 'ready', port }, undefined, undefined, () => {})
}

/**
 * Ends the process because it cannot start: one line on stderr that names the path or variable and
 * the remedy, the stack for an error that nobody has foreseen. The exit status is 78 where another
 * start would end the same way, else 1.
 *
 * @example main().catch(bootFailed)
 */
export function bootFailed (error: unknown): never {
  const { text, exitStatus } = describeBootError(error)
  process.stderr.write(`${text}\n`)
  process.exit(exitStatus)
}
