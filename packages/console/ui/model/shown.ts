import { type Invalidated } from './api.js'

/** What a view of the shop shows. */
export type Shown = { readonly kind: 'list' } | { readonly kind: 'product', readonly id: number }

/**
 * Whether what was invalidated may have changed what is shown. The tags are those of the catalog.
 */
export function concerns ({ service, tags }: Invalidated, shown: Shown): boolean {
  if (service !== 'catalog') return false
  if (tags.length === 0 || tags.includes('catalog')) return true
  return shown.kind === 'list' ? tags.includes('products') : tags.includes(`product:${shown.id}`)
}
