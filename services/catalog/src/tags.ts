/**
 * Tags that invalidate cached responses. Every response has `everything`, which an import
 * invalidates; a write invalidates the pages it changes and the lists that contain them.
 */
export const tags = {
  everything: 'catalog',
  productLists: 'products',
  /** List of categories only, because it counts products. */
  categoryList: 'categories',
  product: (id: number) => `product:${id}`,
  category: (slug: string) => `category:${slug}`
}
