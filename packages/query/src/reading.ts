import { CacheError } from '@weir/cache'
import type { CompiledQuery, QueryResult } from 'kysely'
import type { CachedOptions } from './cached.js'
import { QueryError } from './errors.js'
import { emit } from './events.js'
import { keyOf } from './key.js'
import type { ResolvedOptions } from './options.js'
import { type Plan, planOf } from './plan.js'

/** A result, and whether others may get the same rows. */
export interface Read<R> {
  readonly result: QueryResult<R>
  readonly isShared: boolean
}

const own = <R> (result: QueryResult<R>): Read<R> => ({ result, isShared: false })
const shared = <R> (result: QueryResult<R>): Read<R> => ({ result, isShared: true })

/**
 * Answers queries from the cache.
 *
 * **Why no result is older than an acknowledged write.** Consider a write committed at c and
 * acknowledged at a, and a query that begins after a. Either its outbox is drained, or it reads the
 * database, which has the write. If drained, the write's tags have been invalidated in the cache
 * between c and now (see `createOutbox`). A result whose fill read the database before c took its
 * stamp before that, so its stamp is below the records of these tags; and it carries one of them,
 * because a statement's tags are those of every result that it may change. It is therefore invalid,
 * and the query gets one that was read after c.
 */
export class Reading {
  readonly #options: ResolvedOptions

  constructor (options: ResolvedOptions) {
    this.#options = options
  }

  /**
   * Reports whether the query may use the cache. Only selects, and queries marked as cached, are
   * considered.
   */
  concerns ({ query }: CompiledQuery, said: CachedOptions | undefined): boolean {
    if (said !== undefined) return said.ttl !== 0
    return this.#options.ttl !== undefined && query.kind === 'SelectQueryNode'
  }

  /**
   * @param run sends the query to the database
   * @throws the error of `run`; QueryError like {@link planOf} for a query marked as cached
   */
  async read<R>(
    compiled: CompiledQuery,
    said: CachedOptions | undefined,
    run: () => Promise<QueryResult<R>>
  ): Promise<Read<R>> {
    const { cache, outbox } = this.#options
    const { sql, parameters } = compiled
    if (!outbox.isDrained()) {
      this.#check(compiled, said)
      emit('weir:query:bypass', { sql, reason: 'outbox' })
      return own(await run())
    }
    const key = keyOf(sql, parameters, said?.key)
    if (key === undefined) {
      this.#check(compiled, said)
      emit('weir:query:bypass', {
        sql,
        reason: 'query',
        detail: 'a parameter is of a class of its own'
      })
      return own(await run())
    }
    const hit = cache.lookup(key)
    // The cast relies on the key: it holds rows of this query, of the type the query declares.
    if (hit !== undefined && !hit.stale) return shared({ rows: hit.entry.value as R[] })
    const plan = this.#plan(compiled, said)
    return plan === undefined ? own(await run()) : this.#remember(key, sql, plan, run)
  }

  /** Throws for a query that can never be cached, also while it is not. */
  #check (compiled: CompiledQuery, said: CachedOptions | undefined): void {
    if (said !== undefined) planOf(compiled, said, this.#options)
  }

  #plan (compiled: CompiledQuery, said: CachedOptions | undefined): Plan | undefined {
    try {
      return planOf(compiled, said, this.#options)
    } catch (error) {
      // Caching was not requested for this query itself.
      if (said !== undefined || !(error instanceof QueryError)) throw error
      emit('weir:query:bypass', { sql: compiled.sql, reason: 'query', detail: error.message })
      return undefined
    }
  }

  async #remember<R>(
    key: string,
    sql: string,
    { ttl, tags }: Plan,
    run: () => Promise<QueryResult<R>>
  ): Promise<Read<R>> {
    const { cache, outbox } = this.#options
    let found: QueryResult<R> | undefined
    try {
      const rows = await cache.remember(
        key,
        { ttl, tags: (rows: R[]) => tags(rows.length) },
        async () => {
          found = await run()
          // Other instances may still have results from before a write that this query has already
          // read.
          await outbox.settle(tags(found.rows.length))
          return found.rows
        }
      )
      return shared({ rows })
    } catch (error) {
      if (
        found === undefined ||
        !(error instanceof CacheError) ||
        error.code !== 'WEIR_CACHE_UNSERIALIZABLE'
      ) { throw error }
      emit('weir:query:bypass', { sql, reason: 'result', detail: error.message })
      return own(found)
    }
  }
}
