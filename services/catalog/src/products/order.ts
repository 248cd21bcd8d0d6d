import { type Product } from '../db/schema.js'
import { sortKey } from '../text/sort-key.js'

/**
 * Order of products. Ids break ties, in the same direction, so that each product is on exactly one
 * page.
 */
interface Order {
  readonly column: 'createdAt' | 'nameKey' | 'price'
  readonly direction: 'asc' | 'desc'
  /** Returns the value that a cursor stores for its product. */
  readonly valueOf: (product: Product) => string | number
}

const byTime = { column: 'createdAt', valueOf: ({ createdAt }: Product) => createdAt } as const
const byName = { column: 'nameKey', valueOf: ({ name }: Product) => name } as const
const byPrice = { column: 'price', valueOf: ({ price }: Product) => price } as const

/** All orders of a list. */
export const orders = {
  newest: { ...byTime, direction: 'desc' },
  oldest: { ...byTime, direction: 'asc' },
  name: { ...byName, direction: 'asc' },
  '-name': { ...byName, direction: 'desc' },
  price: { ...byPrice, direction: 'asc' },
  '-price': { ...byPrice, direction: 'desc' }
} as const satisfies Record<string, Order>

export type Sort = keyof typeof orders

const isSort = (name: string): name is Sort => Object.hasOwn(orders, name)
export const sorts: readonly Sort[] = Object.keys(orders).filter(isSort)

/** Converts a cursor's value to that of the order's column. */
export const columnValue = (sort: Sort, value: string | number): string | number =>
  orders[sort].column === 'nameKey' ? sortKey(String(value)) : value
