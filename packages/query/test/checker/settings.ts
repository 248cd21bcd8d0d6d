/** Rows that all processes read and write: few, so that they meet. */
export const ROWS = 6

/** The cache is told by the statement, whatever becomes of the transaction. */
export type Mutant = 'after-statement'
