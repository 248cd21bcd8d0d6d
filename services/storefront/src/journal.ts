import { join } from 'node:path'
import journal from '@weir/fastify/journal'
import { redisJournal } from '@weir/metrics/journal/redis'
import { sqliteJournal } from '@weir/metrics/journal/sqlite'
import { type FastifyInstance } from 'fastify'
import { type StorefrontEnv } from './env.js'

/**
 * Records who filled which response, who invalidated it and who was served it, for the console: in
 * the Redis of REDIS_URL, `app.redis`, else in a file in DATA_DIR.
 */
export async function registerJournal (app: FastifyInstance, env: StorefrontEnv): Promise<void> {
  const store =
    env.REDIS_URL === undefined
      ? sqliteJournal({ file: join(env.DATA_DIR, 'journal.db') })
      : redisJournal({ client: app.redis })
  app.addHook('onClose', () => store.close())
  await app.register(journal, { store })
}
