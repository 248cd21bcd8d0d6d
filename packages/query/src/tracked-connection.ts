import type { Outbox, OutboxSchema, Ticket } from '@weir/outbox'
import type {
  CompiledQuery, ControlledTransaction, DatabaseConnection, Kysely, QueryResult, TransactionSettings
} from 'kysely'
import { OUTBOX_TABLE } from './plan.js'

type Trx = ControlledTransaction<OutboxSchema, string[]>

/** State shared by all connections of a database. */
export interface Ledger {
  readonly outbox: Pick<Outbox, 'add' | 'deliver'>
  /** Whether the outbox's table is known to exist. */
  hasTable: boolean
}

/**
 * A connection that tracks the changes of its transaction.
 *
 * It writes them to the outbox in the last statement before the commit, and delivers them
 * afterward.
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

  /** @param db on this connection only. @param raw the connection itself */
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

  /**
   * Executes a statement that writes: in the current transaction or a new one.
   *
   * Outside of any transaction, if the statement is not allowed in one, or changes no cached
   * result.
   */
  async change<R> (query: CompiledQuery, tags: readonly string[]): Promise<QueryResult<R>> {
    if (this.#trx !== undefined || tags.length === 0) return this.#change(query, tags)
    try {
      return await this.#changeInOwn(query, tags)
    } catch (error) {
      // The statement was rolled back, so it has changed nothing yet.
      if (!isRefusedByTransaction(error)) throw error
      return this.#changeOutside(query, tags)
    }
  }

  async #changeInOwn<R> (query: CompiledQuery, tags: readonly string[]): Promise<QueryResult<R>> {
    await this.begin({})
    try {
      const result = await this.#change<R>(query, tags)
      await this.commit()
      return result
    } catch (error) {
      // A lost connection cannot roll back, and the first error has the reason.
      await this.rollback().catch(() => {})
      throw error
    }
  }

  /**
   * The invalidation is written before the statement, in case the process dies after it; and again
   * after it, even if it failed, because it may have committed partially. Results read meanwhile
   * are older than the second invalidation, which is the one that is delivered.
   */
  async #changeOutside<R> (query: CompiledQuery, tags: readonly string[]): Promise<QueryResult<R>> {
    const before = await this.#queue(tags)
    const [outcome] = await Promise.allSettled([this.#change<R>(query, tags)])
    this.#tickets.push(...before)
    try {
      this.#tickets.push(...await this.#queue(tags))
    } catch (error) {
      // A failed statement reports its own error.
      if (outcome.status === 'fulfilled') throw error
    }
    if (outcome.status === 'rejected') throw outcome.reason
    return outcome.value
  }

  /** Writes an invalidation in a separate transaction. */
  async #queue (tags: readonly string[]): Promise<readonly Ticket[]> {
    await this.begin({})
    try {
      for (const tag of tags) this.#changes.add(tag)
      return await this.#commit()
    } catch (error) {
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
    this.#tickets.push(...await this.#commit())
  }

  async #commit (): Promise<readonly Ticket[]> {
    const trx = this.#transaction()
    const ticket =
      this.#changes.size > 0 && (await this.#hasTable(trx))
        ? await this.#ledger.outbox.add(trx, [...this.#changes])
        : undefined
    await trx.commit().execute()
    this.#trx = undefined
    this.#forget()
    return ticket === undefined ? [] : [ticket]
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
   * Resolves when everything committed here has been delivered.
   *
   * Await it after the connection has been released: the outbox may need it, if there is only one.
   */
  delivered (): Promise<unknown> | undefined {
    const tickets = this.#tickets.splice(0)
    if (tickets.length > 0) {
      this.#delivery = Promise.all([
        this.#delivery,
        ...tickets.map((ticket) => this.#ledger.outbox.deliver(ticket))
      ])
    }
    return this.#delivery
  }

  /**
   * A failing statement may have changed something, like SQLite's `insert or fail`: its tags are
   * noted first.
   */
  #change<R> (query: CompiledQuery, tags: readonly string[]): Promise<QueryResult<R>> {
    for (const tag of tags) this.#changes.add(tag)
    if (isSchemaChange(query)) this.#ledger.hasTable = false
    return this.#raw.executeQuery(query)
  }

  /**
   * Before the migration that creates the outbox's table, no outbox is drained and no cache is
   * used, so there is nothing to notify. The table is looked for once, and again after each schema
   * change.
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

const isSchemaChange = ({ query }: CompiledQuery) =>
  !/^(?:Insert|Update|Delete|Merge|Select)QueryNode$/.test(query.kind)

/**
 * Reports whether the database executes the statement only outside of transactions, or the
 * statement itself ends the transaction.
 */
function isRefusedByTransaction (error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false
  // Postgres: active_sql_transaction, invalid_transaction_termination.
  if (error.code === '25001' || error.code === '2D000') return true
  return (
    error.code === 'SQLITE_ERROR' && /\b(?:within|inside)(?: a)? transaction\b/.test(error.message)
  )
}
