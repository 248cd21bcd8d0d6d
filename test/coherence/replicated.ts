import { findPostgres, startPostgres, type TestPostgres } from '@weir/internal/testing'
import pg from 'pg'
import type { Teardowns } from './teardowns.js'

const urlOf = ({ host, user, database }: TestPostgres) =>
  `postgres://${user}@/${database}?host=${encodeURIComponent(host)}`

/** A primary with a streaming replica, which the instances use as their database. */
export class ReplicatedDatabase {
  private constructor (
    readonly url: string,
    readonly replicaUrl: string,
    readonly replica: pg.Pool
  ) {}

  static async start (teardowns: Teardowns): Promise<ReplicatedDatabase> {
    const programs = findPostgres()
    if (programs === undefined) throw new Error('Postgres is not installed')
    const t: Parameters<typeof startPostgres>[0] = { teardown: (end) => { teardowns.add(end) } }
    const primary = await startPostgres(t, programs)
    const standby = await startPostgres(t, programs, { primary })
    const replica = new pg.Pool({ connectionString: urlOf(standby), max: 1 })
    replica.on('error', () => {})
    teardowns.add(() => replica.end())
    return new ReplicatedDatabase(urlOf(primary), urlOf(standby), replica)
  }

  /** Keeps the replica as it is, while the primary goes on. */
  async pause (): Promise<void> {
    await this.replica.query('select pg_wal_replay_pause()')
  }

  async resume (): Promise<void> {
    await this.replica.query('select pg_wal_replay_resume()')
  }
}
