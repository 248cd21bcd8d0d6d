// Responses of the product service as the shop page reads them.

export interface Product {
  readonly id: number
  readonly sku: string
  readonly name: string
  readonly description: string
  readonly categoryId: number
  /** Minor units. */
  readonly price: number
  readonly stock: number
  readonly version: number
  readonly updatedAt: string
}

export interface ProductList {
  readonly items: readonly Product[]
  readonly page: number
  readonly total: number
  readonly pages: number
}

export interface Categories {
  readonly items: readonly {
    readonly id: number
    readonly slug: string
    readonly name: string
    readonly productCount: number
  }[]
}
