/** Every failure of this package, by code. The message says what to do about it. */
const messages = {
  WEIR_QUERY_INVALID_OPTION: (what: string) => what,
  WEIR_QUERY_UNKNOWN_TABLES: (what: string) =>
    `The query cannot be cached, because ${what} may read any table: declare all that it reads, as in cached({ tables: ['products'] })`,
  WEIR_QUERY_NOT_CACHEABLE: (what: string) =>
    `The query cannot be cached, because it ${what}: leave out cached()`,
  WEIR_QUERY_RAW_TRANSACTION: (what: string) =>
    `${what} as raw SQL would hide a transaction from the cache: use transaction() or startTransaction() of Kysely`
} as const

export type QueryErrorCode = keyof typeof messages

/** An error of the query cache. `code` is stable; the message is for people. */
export class QueryError extends Error {
  override readonly name = 'QueryError'

  constructor (readonly code: QueryErrorCode, what: string, options?: ErrorOptions) {
    super(messages[code](what), options)
  }
}
