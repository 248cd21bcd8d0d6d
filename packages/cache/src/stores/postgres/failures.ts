/** Returns the SQLSTATE of an error sent by Postgres; undefined for any other error. */
function stateOf (error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('severity' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/**
 * Reports whether Postgres has answered with an error, so that the connection is still good.
 *
 * Classes 08, 53 and 57P mean a server that lacks connections or space, is starting up or is
 * shutting down.
 */
export const isAnswer = (error: unknown): boolean => {
  const state = stateOf(error)
  return state !== undefined && !/^(?:08|28|3D|53|57P)/.test(state)
}

/** A table or function is missing: it has not been created yet, or was dropped. */
export const isMissing = (error: unknown): boolean =>
  ['42P01', '42883', '3F000'].includes(stateOf(error) ?? '')

/** Another transaction interfered under stricter isolation than the default: nothing was done. */
export const isConflict = (error: unknown): boolean =>
  ['40001', '40P01'].includes(stateOf(error) ?? '')
