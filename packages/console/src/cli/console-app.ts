import { randomBytes } from 'node:crypto'
import type { Writable } from 'node:stream'
import { redisStore as redisCache } from '@weir/cache/redis'
import auth from '@weir/fastify/auth'
import redisPlugin, { patientClient } from '@weir/fastify/redis'
import { sendProblem } from '@weir/fastify/service'
import { redisJournal } from '@weir/metrics/journal/redis'
import { redisStore as redisMetrics } from '@weir/metrics/redis'
import { fastify, type FastifyInstance, LogController } from 'fastify'
import { CONSOLE_ERR_NOT_SERVED } from '../errors.js'
import consolePlugin from '../index.js'
import { newLoginCode } from '../login/new-code.js'
import { type ConsoleCommandOptions } from './console-options.js'
import { Visitors } from './visitors.js'

/** Timeout of Redis commands, in ms. No client request waits for these caches. */
const COMMAND_TIMEOUT = 1000
/** Timeout for reading one day of reports, in ms. */
const PATIENCE = 5000

/** Builds a console over a Redis, ready to listen, and the code of its login link. */
export async function buildConsole (
  { redis: url, prefix }: ConsoleCommandOptions,
  log: Writable
): Promise<{ app: FastifyInstance, code: string }> {
  const app = fastify({
    logger: { level: 'info', stream: readable(log) },
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: true
  })
  try {
    app.setErrorHandler(sendProblem)
    app.setNotFoundHandler((request, reply) => {
      sendProblem(new CONSOLE_ERR_NOT_SERVED(), request, reply)
    })
    await app.register(redisPlugin, { url, commandTimeout: COMMAND_TIMEOUT })
    await app.register(auth, {
      jwt: [{ algorithm: 'HS256', secret: randomBytes(32).toString('hex') }]
    })
    const keys = { ...(prefix !== undefined && { prefix }) }
    const client = await patientClient(app, { commandTimeout: PATIENCE })
    const [store, journal, cache] = [
      redisMetrics({ client, ...keys }),
      redisJournal({ client, ...keys }),
      redisCache({ client: app.redis, ...keys })
    ]
    app.addHook('onClose', async () => {
      await journal.close()
      await store.close()
      await cache.close()
    })
    const code = newLoginCode(Date.now())
    const visitors = new Visitors()
    visitors.rememberLogins(app)
    await app.register(consolePlugin, {
      store,
      cache,
      journal,
      redis: app.redis,
      authorize (request, action) {
        if (action === 'view' && visitors.mayView(request)) return true
        app.requireRole(request, 'admin')
        return true
      },
      login: {
        code,
        users: () => [{
          id: 'admin',
          token: app.jwt.HS256.sign({ sub: 'admin', role: 'admin' }, { expiresIn: '12h' })
        }]
      }
    })
    return { app, code }
  } catch (error) {
    await app.close()
    throw error
  }
}

/** Writes log lines for people: the message and its reason. */
const readable = (out: Writable) => ({
  write (line: string) {
    const { msg = '', reason, err } = JSON.parse(line) as Readonly<{
      msg?: string, reason?: string, err?: { message?: string }
    }>
    // The command itself prints the address.
    if (msg.startsWith('Server listening')) return
    const why = reason ?? err?.message
    out.write(why === undefined ? `${msg}\n` : `${msg} (${why})\n`)
  }
})
