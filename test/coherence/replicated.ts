import { setTimeout as delay } from 'node:timers/promises'
import {
  findPostgres,
  type PostgresAddress,
  startPostgres,
  startPostgresAddress,
  type TestPostgres
} from '@weir/internal/testing'
import pg from 'pg'
import type { Teardowns } from './teardowns.js'

// Synchronous: a promoted replica has every acknowledged write.
const SETTINGS = { synchronous_standby_names: '*' }

interface Servers {
  readonly primary: TestPostgres
  readonly replica: TestPostgres
}

/** A primary with a streaming replica, which the instances use as their database. */
export class ReplicatedDatabase {
  readonly #t: Parameters<typeof startPostgres>[0]
  readonly #programs: string
  readonly #addresses: Readonly<Record<keyof Servers, PostgresAddress>>
  #servers: Servers

  private constructor (
    t: Parameters<typeof startPostgres>[0],
    programs: string,
    addresses: Readonly<Record<keyof Servers, PostgresAddress>>,
    servers: Servers
  ) {
    this.#t = t
    this.#programs = programs
    this.#addresses = addresses
    this.#servers = servers
  }

  static async start (teardowns: Teardowns): Promise<ReplicatedDatabase> {
    const programs = findPostgres()
    if (programs === undefined) throw new Error('Postgres is not installed')
    const t: Parameters<typeof startPostgres>[0] = { teardown: (end) => { teardowns.add(end) } }
    const primary = await startPostgres(t, programs, { settings: SETTINGS })
    const replica = await startPostgres(t, programs, { primary, settings: SETTINGS })
    const addresses = {
      primary: await startPostgresAddress(t, primary),
      replica: await startPostgresAddress(t, replica)
    }
    return new ReplicatedDatabase(t, programs, addresses, { primary, replica })
  }

  get url (): string {
    return this.#addresses.primary.url
  }

  get replicaUrl (): string {
    return this.#addresses.replica.url
  }

  /** Keeps the replica as it is, while the primary goes on. */
  async pause (): Promise<void> {
    await ask(this.#servers.replica, 'select pg_wal_replay_pause()')
  }

  async resume (): Promise<void> {
    await ask(this.#servers.replica, 'select pg_wal_replay_resume()')
  }

  /** Ends connections that listen, those in a transaction (a relay's, a writer's), or all. */
  async killConnections (which: 'listening' | 'in a transaction' | 'all'): Promise<void> {
    const condition = {
      listening: "application_name = 'weir-notifications'",
      'in a transaction': "application_name = 'weir' and state like '%in transaction%'",
      all: "application_name like 'weir%'"
    }[which]
    await ask(
      this.#servers.primary,
      `select pg_terminate_backend(pid) from pg_stat_activity where ${condition}`
    )
  }

  /** Kills the primary, promotes the replica after `ms`, and gives it a new replica. */
  async failOver (ms: number): Promise<void> {
    const { primary, replica: next } = this.#servers
    await primary.kill()
    await delay(ms)
    await next.promote()
    this.#addresses.primary.leadTo(next)
    const replica =
      await startPostgres(this.#t, this.#programs, { primary: next, settings: SETTINGS })
    this.#servers = { primary: next, replica }
    this.#addresses.replica.leadTo(replica)
  }
}

async function ask ({ host, user, database }: TestPostgres, text: string): Promise<void> {
  const client = new pg.Client({ host, user, database })
  client.on('error', () => {})
  await client.connect()
  await client.query(text)
  await client.end()
}
