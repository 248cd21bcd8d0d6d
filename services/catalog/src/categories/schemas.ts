import { type Static, Type } from 'typebox'

const slug = Type.String({
  pattern: '^[a-z0-9]+(?:-[a-z0-9]+)*$',
  maxLength: 64,
  description: 'Its name in URLs, unique: small letters, digits and single hyphens',
  examples: ['garden-tools']
})
const name = Type.String({
  minLength: 1,
  maxLength: 100,
  pattern: '\\S',
  examples: ['Garden Tools']
})
const description = Type.String({ maxLength: 1_000, description: 'Empty where it is left out' })
const Time = Type.String({ format: 'date-time' })

/** A category as a client writes it whole. */
export const CategoryInputSchema = Type.Object(
  { slug, name, description: Type.Optional(description) },
  { additionalProperties: false }
)
export type CategoryInput = Static<typeof CategoryInputSchema>

/** A category as a client reads it. */
export const CategorySchema = Type.Object({
  id: Type.Integer({ minimum: 1 }),
  slug,
  name,
  description,
  version: Type.Integer({ minimum: 1, description: 'Grows with every write' }),
  createdAt: Time,
  updatedAt: Time
})

/**
 * The count is in the list alone: a category's own entity tag does not change when a product does.
 */
export const CategoryList = Type.Object({
  items: Type.Array(
    Type.Object({ ...CategorySchema.properties, productCount: Type.Integer({ minimum: 0 }) })
  )
})

export const CategorySlug = Type.Object({ slug })
