/**
 * Tags of the displayed data. Those of the catalog are its contract: a write there invalidates them
 * in the namespace that both services share, including pages and fragments here. A test compares
 * them with the catalog's own.
 */
export const tags = {
  everything: 'catalog',
  productLists: 'products',
  categoryList: 'categories',
  product: (id: number) => `product:${id}`,
  category: (slug: string) => `category:${slug}`,
  /** All data of the weather service. Admins invalidate it. */
  weather: 'weather'
}
