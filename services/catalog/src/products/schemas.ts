import { type Static, type TSchema, Type } from 'typebox'
import { sorts } from './order.js'

/** Amount in minor units: 1299 is 12.99 EUR. */
export const Money = Type.Integer({
  minimum: 0,
  maximum: 1_000_000_000,
  description: 'Minor units: 1299 is 12.99',
  examples: [1299]
})

const sku = Type.String({
  pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$',
  description: 'Article number, unique',
  examples: ['PAN-00017']
})
const name = Type.String({
  minLength: 1,
  maxLength: 200,
  // Postgres cannot store NUL.
  pattern: '^[^\\u0000]*[^\\s\\u0000][^\\u0000]*$',
  examples: ['Brennholt Cast-Iron Frying Pan']
})
const description = Type.String({
  maxLength: 4_000,
  pattern: '^[^\\u0000]*$',
  description: 'Default: empty'
})
const currency = Type.Literal('EUR', { description: 'Default: EUR' })
const stock = Type.Integer({
  minimum: 0,
  maximum: 1_000_000_000,
  description: 'Pieces in stock; default: 0',
  examples: [12]
})
const Id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })
const Time = Type.String({ format: 'date-time' })

/** Fields of a product except its category: the part that an import shares with the API. */
export const productFields = {
  sku,
  name,
  description: Type.Optional(description),
  price: Money,
  currency: Type.Optional(currency),
  stock: Type.Optional(stock)
}

/** Product as a client writes it. */
export const ProductInputSchema = Type.Object(
  { ...productFields, categoryId: Id },
  { additionalProperties: false }
)
export type ProductInput = Static<typeof ProductInputSchema>

/** Some fields of a product. */
export const ProductPatchSchema = Type.Partial(ProductInputSchema, { additionalProperties: false })
export type ProductPatch = Static<typeof ProductPatchSchema>

const orRemoved = <Schema extends TSchema>(schema: Schema) =>
  Type.Union([schema, Type.Null({ description: 'Removed: reset to its default' })])

/** Merge patch of a product (RFC 7396): null removes a field, if it is optional. */
export const ProductMergePatchSchema = Type.Partial(Type.Object({
  ...ProductInputSchema.properties,
  description: orRemoved(description),
  currency: orRemoved(currency),
  stock: orRemoved(stock)
}), { additionalProperties: false })
export type ProductMergePatch = Static<typeof ProductMergePatchSchema>

/** Product as a client reads it. */
export const ProductSchema = Type.Object({
  id: Id,
  sku,
  name,
  description,
  categoryId: Id,
  price: Money,
  currency,
  stock,
  version: Type.Integer({ minimum: 1, description: 'Increases with every write' }),
  createdAt: Time,
  updatedAt: Time
})

export const ProductId = Type.Object({ id: Id })

/** Sufficient for the longest name, in characters that JSON escapes. */
const cursorText = { minLength: 1, maxLength: 2_048 }

/** Deep pages cost as much as all pages before them: clients have to narrow the list instead. */
export const DEEPEST_ROW = 10_000

export const ProductListQuerySchema = Type.Object({
  page: Type.Integer({
    minimum: 1,
    maximum: DEEPEST_ROW,
    default: 1,
    description: 'From 1; page × limit is at most 10,000. Not together with after'
  }),
  after: Type.Optional(
    Type.String({
      ...cursorText,
      description:
        'The `next` of the previous page, regardless of writes in between; with the same sort ' +
        'and filters'
    })
  ),
  limit: Type.Integer({ minimum: 1, maximum: 100, default: 20, description: 'Products per page' }),
  category: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 64,
      pattern: '^[^\\u0000]*$',
      description: 'Slug of a category',
      examples: ['cookware']
    })
  ),
  q: Type.Optional(
    Type.String({
      maxLength: 100,
      description:
        'Words that must all occur in the article number, name or description, at least with ' +
        'their beginning; Chinese, Japanese, Korean and Thai words may occur anywhere. Case ' +
        'and accents are ignored, punctuation separates words',
      examples: ['iron pan']
    })
  ),
  minPrice: Type.Optional(Money),
  maxPrice: Type.Optional(Money),
  sort: Type.Enum(sorts, {
    default: 'newest',
    description:
      'A minus means descending. Names are sorted linguistically, not by bytes: Ä is next to A ' +
      '(CLDR root collation)'
  })
})
export type ProductListQuery = Static<typeof ProductListQuerySchema>

export const ProductList = Type.Object({
  items: Type.Array(ProductSchema),
  limit: Type.Integer(),
  next: Type.Union([Type.String(), Type.Null()], {
    description: 'Give it as after for the next page; null on the last'
  }),
  page: Type.Optional(
    Type.Integer({ description: 'Omitted after a cursor, like total and pages' })
  ),
  total: Type.Optional(Type.Integer({ description: 'Number of matching products on all pages' })),
  pages: Type.Optional(Type.Integer())
})
