import redis from '@weir/fastify/redis'
import { type DeliveryOutcome, type Ticket } from '@weir/outbox'
import { fastify } from 'fastify'
import { type Transaction } from 'kysely'
import { type CatalogOutbox, openOutbox } from '../db/outbox.js'
import { type CatalogSchema } from '../db/schema.js'
import { type CatalogEnv } from '../env.js'
import { registerSharedCache } from '../shared-cache.js'
import { tags } from '../tags.js'

/** Invalidates all cached data of every instance. */
export interface CatalogInvalidation {
  /**
   * Commits the invalidation with the import: from then on the running instances deliver it, or the
   * first one to start.
   */
  readonly add: (transaction: Transaction<CatalogSchema>) => Promise<void>
  /** Delivers it from this process. Rejects if the shared cache cannot be opened. */
  deliver (): Promise<DeliveryOutcome>
  close (): Promise<void>
}

/** Opens nothing before `add`. */
export function catalogInvalidation (env: CatalogEnv, database: string): CatalogInvalidation {
  const app = fastify()
  let added: CatalogOutbox & { readonly ticket: Ticket } | undefined
  return {
    add: async (transaction) => {
      const opened = await openOutbox(
        database,
        (tags) => app.responseCache.invalidate(tags),
        env
      )
      added = { ...opened, ticket: await opened.outbox.add(transaction, [tags.everything]) }
    },
    async deliver () {
      if (added === undefined) return 'delivered'
      if (env.REDIS_URL !== undefined) {
        await app.register(redis, {
          url: env.REDIS_URL,
          commandTimeout: env.REDIS_COMMAND_TIMEOUT
        })
      }
      await registerSharedCache(app, env)
      await app.ready()
      return await added.outbox.deliver(added.ticket)
    },
    async close () {
      await added?.close()
      await app.close()
    }
  }
}
