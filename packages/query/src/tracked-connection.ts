import type { Outbox, OutboxSchema, Ticket } from '@weir/outbox'
import type {
  CompiledQuery, ControlledTransaction, DatabaseConnection, Kysely, QueryResult, TransactionSettings
} from 'kysely'
import { OUTBOX_TABLE } from './plan.js'

type Trx = ControlledTransaction<OutboxSchema, string[]>

/** State that all connections of a database share. */
export interface Ledger {
  readonly outbox: Pick<Outbox, 'add' | 'deliver'>
  /** Whether the outbox's table is known to be there. */
  hasTable: boolean
}

/**
 * One connection of the database, which notes what its transaction changes, writes that into the outbox as the last statement
 * before the commit, and has it delivered after it.
 */
export class TrackedConnection implements DatabaseConnection {
  readonly #db: Kysely<OutboxSchema>
  readonly #raw: DatabaseConnection
  readonly #ledger: Ledger
  #trx: Trx | undefined
  #changes = new Set<string>()
  readonly #savepoints = new Map<string, ReadonlySet<string>>()
  readonly #tickets: Ticket[] = []
  #delivery: Promise<unknown> | undefined

  /** @param db of this connection alone. @param raw the connection itself */
  constructor (db: Kysely<OutboxSchema>, raw: DatabaseConnection, ledger: Ledger) {
    this.#db = db
    this.#raw = raw
    this.#ledger = ledger
  }

  executeQuery<R> (query: CompiledQuery): Promise<QueryResult<R>> {
    return this.#raw.executeQuery(query)
  }

  streamQuery<R> (query: CompiledQuery, chunkSize?: number): AsyncIterableIterator<QueryResult<R>> {
    return this.#raw.streamQuery(query, chunkSize)
  }

  /** Executes a statement that writes: in the transaction, or in one of its own. */
  async change<R> (query: CompiledQuery, tags: readonly string[]): Promise<QueryResult<R>> {
    if (this.#trx !== undefined) return this.#change(query, tags)
    await this.begin({})
    try {
      const result = await this.#change<R>(query, tags)
      await this.commit()
      return result
    } catch (error) {
      // A connection that is lost cannot roll back, and the first error says why.
      await this.rollback().catch(() => {})
      throw error
    }
  }

  async begin ({ isolationLevel, accessMode }: TransactionSettings): Promise<void> {
    let builder = this.#db.startTransaction()
    if (isolationLevel !== undefined) builder = builder.setIsolationLevel(isolationLevel)
    if (accessMode !== undefined) builder = builder.setAccessMode(accessMode)
    this.#trx = await builder.execute()
    this.#forget()
  }

  async commit (): Promise<void> {
    const trx = this.#transaction()
    const ticket = this.#changes.size > 0 && await this.#hasTable(trx) ? await this.#ledger.outbox.add(trx, [...this.#changes]) : undefined
    await trx.commit().execute()
    this.#trx = undefined
    this.#forget()
    if (ticket !== undefined) this.#tickets.push(ticket)
  }

  async rollback (): Promise<void> {
    const trx = this.#transaction()
    this.#trx = undefined
    this.#forget()
    await trx.rollback().execute()
  }

  async savepoint (name: string): Promise<void> {
    this.#trx = await this.#transaction().savepoint(name).execute()
    this.#savepoints.set(name, new Set(this.#changes))
  }

  async rollbackToSavepoint (name: string): Promise<void> {
    this.#trx = await this.#transaction().rollbackToSavepoint(name).execute()
    this.#changes = new Set(this.#savepoints.get(name))
  }

  async releaseSavepoint (name: string): Promise<void> {
    this.#trx = await this.#transaction().releaseSavepoint(name).execute()
  }

  /**
   * Resolves when what was committed here has been delivered. To be awaited when the connection has been given back: the outbox may
   * need it, where there is only one.
   */
  delivered (): Promise<unknown> | undefined {
    const tickets = this.#tickets.splice(0)
    if (tickets.length > 0) this.#delivery = Promise.all([this.#delivery, ...tickets.map((ticket) => this.#ledger.outbox.deliver(ticket))])
    return this.#delivery
  }

  /** A statement that fails may have changed something, as SQLite's `insert or fail` does: its tags are noted first. */
  #change<R> (query: CompiledQuery, tags: readonly string[]): Promise<QueryResult<R>> {
    for (const tag of tags) this.#changes.add(tag)
    if (isSchemaChange(query)) this.#ledger.hasTable = false
    return this.#raw.executeQuery(query)
  }

  /**
   * Before the migration that makes the outbox's table, no outbox is drained and no cache is used: there is nobody to tell. It is
   * looked for once, and again after each change of the schema.
   */
  async #hasTable (trx: Trx): Promise<boolean> {
    if (!this.#ledger.hasTable) {
      const tables = await trx.introspection.getTables()
      this.#ledger.hasTable = tables.some(({ name }) => name === OUTBOX_TABLE)
    }
    return this.#ledger.hasTable
  }

  #transaction (): Trx {
    if (this.#trx === undefined) throw new Error('The connection is in no transaction')
    return this.#trx
  }

  #forget (): void {
    this.#changes = new Set()
    this.#savepoints.clear()
  }
}

const isSchemaChange = ({ query }: CompiledQuery) => !/^(?:Insert|Update|Delete|Merge|Select)QueryNode$/.test(query.kind)
