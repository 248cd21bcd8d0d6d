/**
 * Tags of what is shown here. Those of the catalog are its contract: a write there invalidates them
 * in the namespace that both services share, and ends pages and fragments here. A test holds them
 * equal to the catalog's own.
 */
export const tags = {
  everything: 'catalog',
  productLists: 'products',
  categoryList: 'categories',
  product: (id: number) => `product:${id}`,
  category: (slug: string) => `category:${slug}`,
  /** Everything that the weather service told. Admins invalidate it. */
  weather: 'weather'
}
