import { createEdge, type Edge, type EdgeSchema } from '@weir/edge'
import {
  createOutbox,
  type Outbox,
  type OutboxNotifications
} from '@weir/outbox'
import { isPostgres } from '@weir/fastify/service'
import { traceHeaders } from '@weir/fastify/telemetry'
import Database from 'better-sqlite3'
import { type Dialect, Kysely, PostgresDialect, SqliteDialect } from 'kysely'
import { edgeDestinations } from '../edge.js'
import { type CatalogEnv } from '../env.js'

/**
 * Milliseconds that a delete waits for a writer, blocking the event loop. After that, a row is
 * delivered twice.
 */
const LOCK_TIMEOUT = 50
/** Connections to Postgres, and the milliseconds that it may take to answer. */
const CONNECTIONS = 3
const ANSWER_TIMEOUT = 1000

export interface CatalogOutbox {
  readonly outbox: Outbox
  /** The caches before the service that each invalidation purges, if there are any. */
  readonly edge: Edge | undefined
  readonly close: () => Promise<void>
}

/**
 * Opens the outbox of invalidations committed with their data, on its own connections to the
 * catalog's database: nothing that keeps writers waiting delays it.
 */
export async function openOutbox (
  location: string,
  invalidate: (tags: readonly string[]) => Promise<unknown>,
  { OUTBOX_LEASE: lease, EDGE }: Pick<CatalogEnv, 'OUTBOX_LEASE' | 'EDGE'>
): Promise<CatalogOutbox> {
  const { dialect, notifications } = await connectionsTo(location)
  const db = new Kysely<EdgeSchema>({ dialect })
  const edge = EDGE === undefined
    ? undefined
    : createEdge({ db, destinations: edgeDestinations(EDGE) })
  const outbox = createOutbox({
    db,
    invalidate,
    traceparent: () => traceHeaders()['traceparent'],
    ...(notifications && { notifications }),
    ...(edge && { edge }),
    ...(lease !== undefined && { lease })
  })
  return {
    outbox,
    edge,
    async close () {
      await outbox.stop()
      await notifications?.close()
      await db.destroy()
    }
  }
}

interface Connections {
  readonly dialect: Dialect
  readonly notifications?: OutboxNotifications & { close (): Promise<void> }
}

async function connectionsTo (location: string): Promise<Connections> {
  if (!isPostgres(location)) {
    const database = new Database(location, { timeout: LOCK_TIMEOUT })
    return { dialect: new SqliteDialect({ database }) }
  }
  const { openNotifications, openPool } = await import('@weir/postgres')
  const pool = openPool({ url: location, max: CONNECTIONS, timeout: ANSWER_TIMEOUT })
  return {
    dialect: new PostgresDialect({ pool }),
    notifications: openNotifications({ url: location })
  }
}
