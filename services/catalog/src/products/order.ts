import { type Product } from '../db/schema.js'
import { sortKey } from '../text/sort-key.js'

/**
 * An order of products. Ids break ties, in the same direction, so that no product is on two pages
 * or on none.
 */
interface Order {
  readonly column: 'createdAt' | 'nameKey' | 'price'
  readonly direction: 'asc' | 'desc'
  /** The value that a cursor holds of the product that it stands behind. */
  readonly valueOf: (product: Product) => string | number
}

const byTime = { column: 'createdAt', valueOf: ({ createdAt }: Product) => createdAt } as const
const byName = { column: 'nameKey', valueOf: ({ name }: Product) => name } as const
const byPrice = { column: 'price', valueOf: ({ price }: Product) => price } as const

/** Every order that a list may have. */
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

/** The value of the order's column where a cursor holds `value`. */
export const columnValue = (sort: Sort, value: string | number): string | number =>
  orders[sort].column === 'nameKey' ? sortKey(String(value)) : value
