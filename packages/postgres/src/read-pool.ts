import { channel } from 'node:diagnostics_channel'
import { setTimeout as delay } from 'node:timers/promises'
import { shown } from '@weir/internal'
import type { PostgresPool, PostgresPoolClient } from 'kysely'
import { PostgresError } from './errors.js'

/** Options of {@link openReadPool}. */
export interface ReadPoolOptions {
  /** Pool of connections to the primary, from `openPool`. */
  readonly primary: PostgresPool
  /** Pools of connections to streaming standbys of it, from `openPool`. */
  readonly replicas: readonly PostgresPool[]
  /** Milliseconds that a read waits for a replica that is behind. Default 20. */
  readonly patience?: number
}

/** Message of the diagnostics channel `weir:postgres:read`, one for each connection given out. */
export interface ReadEvent {
  readonly from: 'replica' | 'primary'
  /**
   * Reason for the primary: replicas are behind; do not answer; or cannot prove that they follow
   * this primary, see `openReadPool`.
   */
  readonly reason?: 'behind' | 'unavailable' | 'unverified'
}

/** Position of the primary in its log. */
interface Position {
  readonly lsn: string
  /** The cluster and its timeline. */
  readonly line: string
}

const PATIENCE = 20
const ASK_AGAIN = 2
/** Milliseconds for which a replica that has failed is not asked. */
const REST = 1000

const reads = channel('weir:postgres:read')

const POSITION = `
  select pg_current_wal_insert_lsn()::text as lsn,
    (pg_control_system()).system_identifier || '/'
      || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) as line`
/** A timeline is null while nothing is received, and for roles that may not see it. */
const PROGRESS = `
  select coalesce(pg_last_wal_replay_lsn() >= $1::pg_lsn, false) as "isCurrent",
    (pg_control_system()).system_identifier || '/' || (
      select lpad(upper(to_hex(received_tli)), 8, '0') from pg_stat_wal_receiver
    ) as line`

/**
 * Opens a pool for reads that uses replicas, and never sees less than the primary would show.
 *
 * **The guarantee**: a read on a connection of this pool sees every transaction that was committed
 * before `connect` was called. It may therefore fill a cache after an invalidation, like a read of
 * the primary. `settle` and `deliver` of an outbox need the primary itself.
 *
 * **Why it holds.** After the call, the primary is asked for the end of its log, B. A commit is
 * visible only once its record is in the log, so every commit before the call ends at or before B.
 * A replica is used only if it reports, on the connection that is given out, that it has replayed
 * its log up to B or further, and later statements on that connection see at least as much.
 * Positions are comparable only within one history: the replica must receive the same timeline of
 * the same cluster. It can receive a timeline only if everything it has replayed belongs to its
 * past, so that a replica that followed a failed primary too far is not used. A replica that is
 * behind for longer than `patience`, does not answer, or cannot prove its timeline is left alone,
 * and the primary is read. If the primary does not answer, nothing is read.
 *
 * Concurrent reads share one question, which is sent after all of them were called. Asking costs
 * two round trips; it pays for queries that take longer. The replica's role needs
 * `pg_read_all_stats` to see the timeline.
 *
 * @throws PostgresError WEIR_POSTGRES_INVALID_OPTION; later, the error of the primary's pool
 * @example
 * const pool = openReadPool({ primary: openPool({ url }), replicas: [openPool({ url: replica })] })
 * const read = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) })
 */
export function openReadPool ({
  primary, replicas, patience = PATIENCE
}: ReadPoolOptions): PostgresPool {
  if (!(Number.isFinite(patience) && patience >= 0)) {
    throw new PostgresError(
      'WEIR_POSTGRES_INVALID_OPTION',
      `patience ${shown(patience)} is not a number of milliseconds, 0 or more`
    )
  }
  const reading = new Reading(primary, replicas.map((pool) => new Replica(pool)), patience)
  return {
    connect: () => reading.connect(),
    async end () {
      await Promise.all([primary, ...replicas].map((pool) => pool.end()))
    }
  }
}

class Reading {
  #turn = 0
  #latest: Promise<unknown> = Promise.resolve()
  #next: Promise<Position> | undefined

  constructor (
    readonly primary: PostgresPool,
    readonly replicas: readonly Replica[],
    readonly patience: number
  ) {}

  async connect (): Promise<PostgresPoolClient> {
    const rested = this.replicas.filter((replica) => !replica.rests())
    const replica = rested[this.#turn++ % rested.length]
    const found = replica === undefined
      ? 'unavailable'
      : await replica.connect(await this.#position(), this.patience)
    if (typeof found !== 'string') {
      reads.publish({ from: 'replica' } satisfies ReadEvent)
      return found
    }
    reads.publish({ from: 'primary', reason: found } satisfies ReadEvent)
    return await this.primary.connect()
  }

  /** Callers share a question that is not sent yet: one under way may have been answered. */
  #position (): Promise<Position> {
    if (this.#next === undefined) {
      const ask = () => {
        this.#next = undefined
        return this.#ask()
      }
      this.#next = this.#latest.then(ask, ask)
      this.#latest = this.#next
    }
    return this.#next
  }

  async #ask (): Promise<Position> {
    const connection = await this.primary.connect()
    try {
      const { rows: [position] } = await connection.query<Position>(POSITION, [])
      if (position === undefined) throw new Error('The primary has no position')
      return position
    } finally {
      connection.release()
    }
  }
}

class Replica {
  #restsUntil = -Infinity

  constructor (readonly pool: PostgresPool) {}

  rests (): boolean {
    return performance.now() < this.#restsUntil
  }

  /** Returns a connection that sees everything up to the position, or the reason for none. */
  async connect (
    position: Position, patience: number
  ): Promise<PostgresPoolClient | NonNullable<ReadEvent['reason']>> {
    let connection: PostgresPoolClient | undefined
    try {
      connection = await this.pool.connect()
      const reason = await this.#follow(connection, position, patience)
      if (reason === undefined) return connection
      if (reason === 'unverified') this.#rest()
      connection.release()
      return reason
    } catch {
      this.#rest()
      connection?.release()
      return 'unavailable'
    }
  }

  async #follow (
    connection: PostgresPoolClient, { lsn, line }: Position, patience: number
  ): Promise<ReadEvent['reason']> {
    for (const end = performance.now() + patience; ;) {
      const { rows: [progress] } =
        await connection.query<{ isCurrent: boolean, line: string | null }>(PROGRESS, [lsn])
      if (progress?.line !== line) return 'unverified'
      if (progress.isCurrent) return undefined
      if (performance.now() >= end) return 'behind'
      await delay(ASK_AGAIN)
    }
  }

  #rest (): void {
    this.#restsUntil = performance.now() + REST
  }
}
