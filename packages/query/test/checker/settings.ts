/** Number of rows that all processes read and write: small, so that they collide. */
export const ROWS = 6

/** The statement notifies the cache, whatever happens to the transaction. */
export type Mutant = 'after-statement'
