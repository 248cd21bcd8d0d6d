import closeWithGrace from 'close-with-grace'
import type { FastifyInstance } from 'fastify'
import type { ServiceEnv } from './env.js'

/**
 * Listens, and closes when told to: by SIGTERM or SIGINT, by an error that nobody caught, or when the parent that holds its IPC channel is
 * gone. Such a parent hears `{ type: 'ready', port }`. After SIGTERM it goes on answering for DRAIN_MS, while readiness fails. Then the
 * process ends within 1.4 s, with 0 if all was closed by then. When it cannot listen it ends with 1 and one line that says what to do.
 */
export async function start (app: FastifyInstance, env: ServiceEnv): Promise<void> {
  let closing = false
  const { close } = closeWithGrace({
    delay: env.DRAIN_MS + 1400,
    logger: app.log,
    // Ctrl-C reaches a parent's children as well: the parent is the one to end them, and a second signal would cut them off.
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
 * Ends the process because it cannot start: one line on stderr for what a person can mend, the stack for anything else.
 *
 * @example main().catch(bootFailed)
 */
export function bootFailed (error: unknown): never {
  process.stderr.write(`${describe(error)}\n`)
  process.exit(1)
}

function describe (error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code: unknown = Reflect.get(error, 'code')
  const place = `${Reflect.get(error, 'port')} on ${Reflect.get(error, 'address')}`
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${place} is taken: set PORT to another one, or stop what listens there.`
    case 'EACCES':
      return `Port ${place} may not be used: set PORT to one from 1024 on, or run with the right to use it.`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${error.message}: set HOST to an address of this machine.`
  }
  // Named errors are written for people.
  if (typeof code === 'string' && code.startsWith('WEIR_ERR_')) return `${error.message} [${code}]`
  return error.stack ?? error.message
}
