import { type Static, Type } from 'typebox'

// Schemas of the parts of other services' responses that pages use. They are checked on arrival:
// other members may change.

export const ProductSchema = Type.Object({
  id: Type.Integer({ minimum: 1 }),
  sku: Type.String(),
  name: Type.String(),
  description: Type.String(),
  categoryId: Type.Integer(),
  price: Type.Integer(),
  currency: Type.String({ pattern: '^[A-Z]{3}$' }),
  stock: Type.Integer(),
  version: Type.Integer(),
  updatedAt: Type.String()
})
export type Product = Static<typeof ProductSchema>

export const ProductListSchema = Type.Object({
  items: Type.Array(ProductSchema),
  next: Type.Union([Type.String(), Type.Null()]),
  total: Type.Optional(Type.Integer()),
  pages: Type.Optional(Type.Integer())
})
export type ProductList = Static<typeof ProductListSchema>

export const CategoryListSchema = Type.Object({
  items: Type.Array(Type.Object({
    id: Type.Integer(),
    slug: Type.String({ minLength: 1 }),
    name: Type.String(),
    description: Type.String(),
    productCount: Type.Integer()
  }))
})
export type Category = Static<typeof CategoryListSchema>['items'][number]

const Amount = Type.Union([Type.Number(), Type.Null()])

export const WeatherSchema = Type.Object({
  place: Type.Object({ name: Type.Optional(Type.String()) }),
  source: Type.String(),
  fetchedAt: Type.String(),
  current: Type.Object({
    temperature: Amount,
    apparentTemperature: Amount,
    windSpeed: Amount,
    conditions: Type.Union([Type.String(), Type.Null()])
  })
})
export type Weather = Static<typeof WeatherSchema>

/** Members of a problem document that forms show. */
export const ProblemSchema = Type.Object({
  detail: Type.String(),
  code: Type.Optional(Type.String()),
  errors: Type.Optional(Type.Array(Type.Object({ field: Type.String(), message: Type.String() })))
})
export type Problem = Static<typeof ProblemSchema>
