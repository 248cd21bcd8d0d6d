/**
 * By which cached answers are invalidated. Every answer has `everything`, which an import
 * invalidates; a write invalidates the pages it changes and the lists they are in.
 */
export const tags = {
  everything: 'catalog',
  productLists: 'products',
  /** The list alone: it counts products. */
  categoryList: 'categories',
  product: (id: number) => `product:${id}`,
  category: (slug: string) => `category:${slug}`
}
