import {
  type CompiledQuery,
  type ConnectionProvider,
  type DatabaseConnection,
  DefaultQueryExecutor,
  type KyselyPlugin,
  type QueryCompiler,
  type QueryExecutor,
  type QueryResult,
  WithSchemaPlugin
} from 'kysely'
import { changesOf } from './changes.js'
import { copied } from './copied.js'
import { QueryError } from './errors.js'
import { emit } from './events.js'
import { Mark, type Said } from './mark.js'
import type { ResolvedOptions } from './options.js'
import type { Reading } from './reading.js'
import { TrackedConnection } from './tracked-connection.js'

/** Parts that all executors of a cached database share. */
export interface ExecutorParts {
  readonly compiler: QueryCompiler
  /** The executor of the cached database, without its plugins. */
  readonly database: QueryExecutor
  readonly reading: Reading
  readonly options: ResolvedOptions
}

/** State that differs between queries. */
interface ExecutorState extends Said {
  readonly provider: ConnectionProvider
  readonly plugins: KyselyPlugin[]
  /** Whether it belongs to a transaction or a dedicated connection. */
  readonly isPinned: boolean
}

/** Kysely executor that answers queries from the cache and reports writes to their connection. */
export class CachingExecutor extends DefaultQueryExecutor {
  readonly #parts: ExecutorParts
  readonly #state: ExecutorState

  constructor (parts: ExecutorParts, state: ExecutorState) {
    super(parts.compiler, parts.database.adapter, state.provider, state.plugins)
    this.#parts = parts
    this.#state = state
  }

  /** Resolves when everything committed on the connection has been delivered. */
  override async provideConnection<T>(
    consumer: (connection: DatabaseConnection) => Promise<T>
  ): Promise<T> {
    let connection: DatabaseConnection | undefined
    try {
      return await super.provideConnection((provided) => {
        connection = provided
        return consumer(provided)
      })
    } finally {
      if (connection instanceof TrackedConnection) await connection.delivered()
    }
  }

  override async executeQuery<R>(compiled: CompiledQuery): Promise<QueryResult<R>> {
    const { cached, isOwnQuery, invalidates, isPinned } = this.#state
    const { reading, options, database } = this.#parts
    const changes = changesOf(compiled, invalidates, options)
    if (changes !== undefined) {
      if (isOwnQuery === true && cached?.ttl !== 0) {
        throw new QueryError('WEIR_QUERY_NOT_CACHEABLE', 'writes')
      }
      return this.#transformed(
        compiled,
        await this.provideConnection((connection) => changed<R>(connection, compiled, changes))
      )
    }
    const isCached = reading.concerns(compiled, cached)
    if (isPinned) {
      if (isCached) emit('weir:query:bypass', { sql: compiled.sql, reason: 'transaction' })
      return super.executeQuery(compiled)
    }
    const run = () => database.executeQuery<R>(compiled)
    if (!isCached) return this.#transformed(compiled, await run())
    const { result, isShared } = await reading.read(compiled, cached, run)
    if (!this.#changesResults()) return result
    return this.#transformed(
      compiled,
      isShared ? { ...result, rows: result.rows.map(copied) } : result
    )
  }

  /** Streams are not cached. The result of a write arrives as one chunk. */
  override async * stream<R>(
    compiled: CompiledQuery,
    chunkSize: number
  ): AsyncIterableIterator<QueryResult<R>> {
    const { invalidates } = this.#state
    if (changesOf(compiled, invalidates, this.#parts.options) === undefined) {
      yield * super.stream<R>(compiled, chunkSize)
    } else {
      yield await this.executeQuery<R>(compiled)
    }
  }

  override withConnectionProvider (provider: ConnectionProvider): CachingExecutor {
    return new CachingExecutor(this.#parts, { ...this.#state, provider, isPinned: true })
  }

  override withPlugin (plugin: KyselyPlugin): CachingExecutor {
    const change =
      plugin instanceof Mark ? plugin.said : { plugins: [...this.#state.plugins, plugin] }
    return new CachingExecutor(this.#parts, { ...this.#state, ...change })
  }

  override withPlugins (plugins: readonly KyselyPlugin[]): CachingExecutor {
    return plugins.reduce<CachingExecutor>((executor, plugin) => executor.withPlugin(plugin), this)
  }

  override withPluginAtFront (plugin: KyselyPlugin): CachingExecutor {
    return new CachingExecutor(this.#parts, {
      ...this.#state,
      plugins: [plugin, ...this.#state.plugins]
    })
  }

  override withoutPlugins (): CachingExecutor {
    return new CachingExecutor(this.#parts, { ...this.#state, plugins: [] })
  }

  /**
   * The cache holds results as the driver returned them, and plugins may modify the rows they
   * receive.
   */
  #changesResults (): boolean {
    return this.#state.plugins.some((plugin) => !(plugin instanceof WithSchemaPlugin))
  }

  async #transformed<R>(
    { queryId }: Pick<CompiledQuery, 'queryId'>,
    result: QueryResult<R>
  ): Promise<QueryResult<R>> {
    let transformed: QueryResult<unknown> = result
    for (const plugin of this.#state.plugins) {
      // A row is an object keyed by column names.
      transformed = await plugin.transformResult({
        queryId,
        result: transformed as QueryResult<Record<string, unknown>>
      })
    }
    // Kysely does the same: plugins are responsible for preserving the type.
    return transformed as QueryResult<R>
  }
}

function changed<R> (
  connection: DatabaseConnection,
  compiled: CompiledQuery,
  changes: readonly string[]
): Promise<QueryResult<R>> {
  return connection instanceof TrackedConnection
    ? connection.change(compiled, changes)
    : connection.executeQuery(compiled)
}
