import { type OutboxSchema } from '@weir/outbox'
import { type WriteBehindSchema } from '@weir/outbox/write-behind'

/** Page views of a product, as far as they have been written. */
export interface ViewTable {
  product: number
  total: number
}

export interface StorefrontSchema extends OutboxSchema, WriteBehindSchema {
  views: ViewTable
}
