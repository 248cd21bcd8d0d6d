/** Number of different products that are requested. */
export const PRODUCTS = 1000

/** A product as JSON of a shop's API, padded to `bytes`. */
export const productJson = (id: string, bytes: number): string =>
  JSON.stringify(productOf(id, bytes))

/** The same product as an object, for Fastify to serialize. */
export function productOf (id: string, bytes: number) {
  const product = {
    id,
    name: 'Enamel kettle, 1.6 l',
    category: 'kitchen/kettles',
    price: { amount: 3490, currency: 'EUR' },
    stock: 41,
    attributes: { color: 'cream', material: 'steel', dishwasher: false },
    updatedAt: '2026-03-14T09:26:53.589Z',
    description: ''
  }
  product.description = 'x'.repeat(Math.max(0, bytes - JSON.stringify(product).length))
  return product
}

/**
 * One buffer per product, by id, as a cache holds them: memory that is read again and again costs
 * less than memory that is not.
 */
export function productBuffers (bytes: number): Map<string, Buffer> {
  return new Map(
    Array.from({ length: PRODUCTS }, (_, i) => [`${i}`, Buffer.from(productJson(`${i}`, bytes))])
  )
}

/** Headers that identify the client of a product: each product has a client of its own. */
export const clientOf = (id: string): Record<string, string> => ({
  'x-forwarded-for': `10.0.${Number(id) >> 8}.${Number(id) & 255}`
})

/** A page of different products, at least `bytes` of JSON, about as similar as those of a shop. */
export function productList (page: string, bytes: number): string {
  const products: unknown[] = []
  for (let length = 0, i = 0; length < bytes; i++) {
    const id = Number(page) * 1000 + i
    const product = JSON.stringify({
      id,
      sku: ((id * 2_654_435_761) % 2 ** 32).toString(36),
      price: { amount: (id * 7919) % 10_000, currency: 'EUR' },
      stock: (id * 31) % 97
    })
    length += product.length + 1
    products.push(JSON.parse(product))
  }
  return JSON.stringify(products)
}
