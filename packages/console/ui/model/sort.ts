/** The sort order of a table. */
export interface Order {
  readonly column: string
  readonly direction: 'ascending' | 'descending'
}

export type Sortable = string | number | boolean | null | undefined

const text = new Intl.Collator('en', { numeric: true, sensitivity: 'base' })

/**
 * Returns a sorted copy. Unknown values come last in either direction; equal rows keep their order.
 */
export function sorted<Row> (
  rows: readonly Row[],
  value: (row: Row) => Sortable,
  direction: Order['direction']
): Row[] {
  const sign = direction === 'ascending' ? 1 : -1
  return rows.toSorted((a, b) => compare(value(a), value(b), sign))
}

function compare (a: Sortable, b: Sortable, sign: number): number {
  const aIsUnknown = a === null || a === undefined
  const bIsUnknown = b === null || b === undefined
  if (aIsUnknown || bIsUnknown) return Number(aIsUnknown) - Number(bIsUnknown)
  return (
    sign *
    (typeof a === 'string' && typeof b === 'string' ? text.compare(a, b) : Number(a) - Number(b))
  )
}

/**
 * Returns the order after a press on a column header: the current column reverses, another one
 * starts in direction `first`.
 */
export function nextOrder (order: Order, column: string, first: Order['direction']): Order {
  if (order.column !== column) return { column, direction: first }
  return { column, direction: order.direction === 'ascending' ? 'descending' : 'ascending' }
}
