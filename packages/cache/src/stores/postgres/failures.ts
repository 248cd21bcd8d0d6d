/** The SQLSTATE of an error that Postgres has sent; undefined of any other. */
function stateOf (error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('severity' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/**
 * Whether Postgres has answered, and said no. The connection is as good as before. Classes 08, 53
 * and 57P are of a server that has no connections or no room, is starting up or shutting down.
 */
export const isAnswer = (error: unknown): boolean => {
  const state = stateOf(error)
  return state !== undefined && !/^(?:08|28|3D|53|57P)/.test(state)
}

/** A table or a function is missing: none has been made yet, or somebody has dropped it. */
export const isMissing = (error: unknown): boolean =>
  ['42P01', '42883', '3F000'].includes(stateOf(error) ?? '')

/**
 * Another transaction came in between, where isolation is stricter than by default: nothing was
 * done.
 */
export const isConflict = (error: unknown): boolean =>
  ['40001', '40P01'].includes(stateOf(error) ?? '')
