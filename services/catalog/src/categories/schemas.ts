import { type Static, Type } from 'typebox'

const slug = Type.String({
  pattern: '^[a-z0-9]+(?:-[a-z0-9]+)*$',
  maxLength: 64,
  description: 'Unique name in URLs: lower-case letters, digits and single hyphens',
  examples: ['garden-tools']
})
const name = Type.String({
  minLength: 1,
  maxLength: 100,
  pattern: '^[^\\u0000]*[^\\s\\u0000][^\\u0000]*$',
  examples: ['Garden Tools']
})
const description = Type.String({
  maxLength: 1_000,
  pattern: '^[^\\u0000]*$',
  description: 'Default: empty'
})
const Time = Type.String({ format: 'date-time' })

/** Category as a client writes it. */
export const CategoryInputSchema = Type.Object(
  { slug, name, description: Type.Optional(description) },
  { additionalProperties: false }
)
export type CategoryInput = Static<typeof CategoryInputSchema>

/** Category as a client reads it. */
export const CategorySchema = Type.Object({
  id: Type.Integer({ minimum: 1 }),
  slug,
  name,
  description,
  version: Type.Integer({ minimum: 1, description: 'Increases with every write' }),
  createdAt: Time,
  updatedAt: Time
})

/** Only the list has the count: a category's own entity tag does not change when a product does. */
export const CategoryList = Type.Object({
  items: Type.Array(
    Type.Object({ ...CategorySchema.properties, productCount: Type.Integer({ minimum: 0 }) })
  )
})

export const CategorySlug = Type.Object({ slug })
