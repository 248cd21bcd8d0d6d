import { setTimeout as delay } from 'node:timers/promises'
import { findPostgres, startPostgres, type TestPostgres } from '@weir/internal/testing'
import pg from 'pg'
import { onFreePort } from '../support/free-port.js'
import type { Teardowns } from './teardowns.js'

const TABLES = ['weir_namespaces', 'weir_records', 'weir_entries', 'weir_fills'] as const

/** The Postgres that the instances share, and the faults that can be inflicted on it. */
export class TroubledPostgres {
  private constructor (
    readonly port: number,
    readonly server: TestPostgres,
    readonly admin: pg.Pool
  ) {}

  static async start (teardowns: Teardowns): Promise<TroubledPostgres> {
    const programs = findPostgres()
    if (programs === undefined) throw new Error('Postgres is not installed')
    return onFreePort(async (port) => {
      const server = await startPostgres(
        {
          teardown: (end) => {
            teardowns.add(end)
          }
        },
        programs,
        { port }
      )
      const admin = new pg.Pool({
        host: '127.0.0.1',
        port,
        user: server.user,
        database: server.database,
        max: 2,
        application_name: 'admin'
      })
      admin.on('error', () => {})
      teardowns.add(() => admin.end())
      return new TroubledPostgres(port, server, admin)
    })
  }

  readonly urlOf = (_instance: number, port: number): string =>
    `postgres://${this.server.user}@127.0.0.1:${port}/${this.server.database}`

  async freeze (ms: number): Promise<void> {
    this.server.freeze()
    try {
      await delay(ms)
    } finally {
      this.server.thaw()
    }
  }

  /**
   * Ends all connections and empties all tables. The checkpoint comes first because another fault
   * may have ended a connection that was creating the tables, and Postgres 15 does not start again
   * if it crashes right after: "could not create file: File exists", for an unlogged table whose
   * creation was rolled back and whose rollback was not yet in the log.
   */
  async crash (): Promise<void> {
    await this.#do('CHECKPOINT')
    await this.server.crash()
  }

  /** Deletes the records that decide the validity of every entry. */
  async loseRecords (): Promise<void> {
    await this.#do('TRUNCATE weir_namespaces, weir_records')
  }

  /** Drops one of the tables, or all. */
  async drop (pick: <T>(list: readonly T[]) => T): Promise<void> {
    await this.#do(`DROP TABLE ${pick([...TABLES, TABLES.join(', ')])}`)
  }

  async killConnections (): Promise<void> {
    await this.#do(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'weir'"
    )
  }

  /** Number of records of each kind per namespace. */
  async recordCounts (): Promise<ReadonlyMap<string, number>> {
    const { rows } = await this.admin.query<{ name: string; count: string }>(`
      SELECT convert_from(n.name, 'UTF8') || CASE WHEN r.is_key THEN ' replaced' ELSE ' tags' END AS name, count(*) AS count
      FROM weir_records r JOIN weir_namespaces n USING (ns) GROUP BY 1`)
    return new Map(rows.map(({ name, count }) => [name, Number(count)]))
  }

  /** Runs a statement; a table or connection may be missing because of the previous fault. */
  async #do (sql: string): Promise<void> {
    await this.admin.query(sql).catch(() => {})
  }
}
