/** Every failure of this package, by code: what happened, then what to do. */
const messages = {
  WEIR_POSTGRES_INVALID_OPTION: (what: string) => what,
  WEIR_POSTGRES_UNAVAILABLE: (what: string) =>
    `Postgres cannot be used at the moment (${what}): try again; no restart is needed`,
  WEIR_POSTGRES_MIGRATING: (what: string) =>
    `Another instance is migrating the database, and has not ended within ${what}: start again ` +
    'when it has; if it is frozen, stop it',
  WEIR_POSTGRES_POOLER: (what: string) =>
    `A pooler shares connections between transactions, and ${what} needs one of its own: use an ` +
    'address that leads to Postgres itself',
  WEIR_POSTGRES_NEWER_SCHEMA: (what: string) =>
    `The database ${what} has the schema of a newer version: run that version, or use another ` +
    'database',
  WEIR_POSTGRES_FOREIGN: (what: string) =>
    `The database has tables of another program (${what}): use another database`
} as const

/** Code of a {@link PostgresError}. */
export type PostgresErrorCode = keyof typeof messages

/** An error of this package. `code` is stable; the message is for people. */
export class PostgresError extends Error {
  override readonly name = 'PostgresError'

  constructor (readonly code: PostgresErrorCode, what: string, options?: ErrorOptions) {
    super(messages[code](what), options)
  }
}

/** SQLSTATE of a wait for a lock that took too long. */
export const LOCK_NOT_AVAILABLE = '55P03'

/** Returns the SQLSTATE of an error that Postgres sent; undefined for any other error. */
export function stateOf (error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('severity' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/**
 * Reports whether the server could not do its work, rather than refusing this statement.
 *
 * Connections that fail have no SQLSTATE. Classes 08, 53 and 57P mean a server that is starting up,
 * shutting down, or out of connections or space; 57014 is its time limit.
 */
export function isOutage (error: unknown): boolean {
  const state = stateOf(error)
  return state === undefined ? !(error instanceof TypeError) : /^(?:08|53|57)/.test(state)
}

/**
 * Reports whether a transaction failed because of a concurrent one, so that it succeeds, or fails
 * for a good reason, if all of it runs again.
 *
 * That is a serialization failure (40001), a deadlock (40P01), or a unique or foreign key that
 * another transaction took or removed after this one had looked (23505, 23503).
 * @example if (isConflict(error)) return await again()
 */
export const isConflict = (error: unknown): boolean =>
  ['40001', '40P01', '23505', '23503'].includes(stateOf(error) ?? '')
