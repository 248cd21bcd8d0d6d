import { type Invalidated } from './api.js'

/** The subject of a view of the shop. */
export type Shown = { readonly kind: 'list' } | { readonly kind: 'product', readonly id: number }

/**
 * Whether an invalidation may have changed what is shown. The tags are those of the service of
 * products, `of`; its own name is the tag of all that it caches.
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
