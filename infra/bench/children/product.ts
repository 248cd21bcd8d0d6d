/** Different products that are asked for. */
export const PRODUCTS = 1000

/** A product as a shop's API has it, padded to `bytes` of JSON. */
export function productJson (id: string, bytes: number): string {
  const product = {
    id,
    name: 'Enamel kettle, 1.6 l',
    category: 'kitchen/kettles',
    price: { amount: 3490, currency: 'EUR' },
    stock: 41,
    attributes: { colour: 'cream', material: 'steel', dishwasher: false },
    updatedAt: '2026-03-14T09:26:53.589Z',
    description: ''
  }
  product.description = 'x'.repeat(Math.max(0, bytes - JSON.stringify(product).length))
  return JSON.stringify(product)
}
