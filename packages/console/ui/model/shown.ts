import { type Invalidated } from './api.js'

/** The content of a shop view. */
export type Shown = { readonly kind: 'list' } | { readonly kind: 'product', readonly id: number }

/**
 * Tells whether an invalidation may have changed the view. Tags are those of the product service
 * `of`; its name tags all of its entries.
 */
export function concerns (
  { service, tags }: Invalidated,
  shown: Shown,
  of: string | undefined
): boolean {
  if (service !== of) return false
  if (tags.length === 0 || tags.includes(service)) return true
  return shown.kind === 'list' ? tags.includes('products') : tags.includes(`product:${shown.id}`)
}
