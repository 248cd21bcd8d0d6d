import { type Static, type TSchema, Type } from 'typebox'
import { sorts } from './order.js'

/** An amount in minor units: 1299 is 12.99 EUR. */
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
  pattern: '\\S',
  examples: ['Brennholt Cast-Iron Frying Pan']
})
const description = Type.String({ maxLength: 4_000, description: 'Empty where it is left out' })
const currency = Type.Literal('EUR', { description: 'EUR where it is left out' })
const stock = Type.Integer({
  minimum: 0,
  maximum: 1_000_000_000,
  description: 'Pieces in stock; 0 where it is left out',
  examples: [12]
})
const Id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })
const Time = Type.String({ format: 'date-time' })

/** What a product says of itself, its category aside: the part an import shares with the API. */
export const productFields = {
  sku,
  name,
  description: Type.Optional(description),
  price: Money,
  currency: Type.Optional(currency),
  stock: Type.Optional(stock)
}

/** A product as a client writes it whole. */
export const ProductInputSchema = Type.Object(
  { ...productFields, categoryId: Id },
  { additionalProperties: false }
)
export type ProductInput = Static<typeof ProductInputSchema>

/** Some fields of a product. */
export const ProductPatchSchema = Type.Partial(ProductInputSchema, { additionalProperties: false })
export type ProductPatch = Static<typeof ProductPatchSchema>

const orRemoved = <Schema extends TSchema>(schema: Schema) =>
  Type.Union([schema, Type.Null({ description: 'Removed: it has its default again' })])

/**
 * A merge patch of a product (RFC 7396): null removes a field, if it is one that may be left out.
 */
export const ProductMergePatchSchema = Type.Partial(Type.Object({
  ...ProductInputSchema.properties,
  description: orRemoved(description),
  currency: orRemoved(currency),
  stock: orRemoved(stock)
}), { additionalProperties: false })
export type ProductMergePatch = Static<typeof ProductMergePatchSchema>

/** A product as a client reads it. */
export const ProductSchema = Type.Object({
  id: Id,
  sku,
  name,
  description,
  categoryId: Id,
  price: Money,
  currency,
  stock,
  version: Type.Integer({ minimum: 1, description: 'Grows with every write' }),
  createdAt: Time,
  updatedAt: Time
})

export const ProductId = Type.Object({ id: Id })

/** Enough for the longest name, in characters that JSON escapes. */
const cursorText = { minLength: 1, maxLength: 2_048 }

/** Deep pages cost as much as all the pages before them: further on, narrow the list. */
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
        'The page after the one whose `next` this is, whatever was written meanwhile; with the same sort and filters'
    })
  ),
  limit: Type.Integer({ minimum: 1, maximum: 100, default: 20, description: 'Products a page' }),
  category: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 64,
      description: 'Slug of a category',
      examples: ['cookware']
    })
  ),
  q: Type.Optional(
    Type.String({
      maxLength: 100,
      description:
        'Words that are all in the article number, name or description; each may be the beginning of one, and Chinese, Japanese, ' +
        'Korean or Thai may be any part of one. Case and accents do not count, signs separate words',
      examples: ['iron pan']
    })
  ),
  minPrice: Type.Optional(Money),
  maxPrice: Type.Optional(Money),
  sort: Type.Enum(sorts, {
    default: 'newest',
    description:
      'A minus is descending. Names are in the order of people, not of bytes: Ä is by A (CLDR root collation)'
  })
})
export type ProductListQuery = Static<typeof ProductListQuerySchema>

export const ProductList = Type.Object({
  items: Type.Array(ProductSchema),
  limit: Type.Integer(),
  next: Type.Union([Type.String(), Type.Null()], {
    description: 'Give it as after for the page behind this one; null on the last'
  }),
  page: Type.Optional(
    Type.Integer({ description: 'Left out after a cursor, like total and pages' })
  ),
  total: Type.Optional(Type.Integer({ description: 'Products that match, on all pages' })),
  pages: Type.Optional(Type.Integer())
})
