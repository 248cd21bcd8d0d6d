import { type Static, Type } from 'typebox'

// Forms send every field, empty or not. Each has a default, so that an empty and a missing field
// are the same page.

export const SORTS = {
  newest: 'Newest first',
  price: 'Price: low to high',
  '-price': 'Price: high to low',
  name: 'Name: A to Z'
} as const

/** The catalog serves no deeper pages: visitors have to narrow the list. */
export const LAST_PAGE = 400

const price = Type.String({
  default: '',
  pattern: '^(?:\\d{1,7}(?:\\.\\d{1,2})?)?$',
  description: 'Euros, such as 12.50'
})

export const ListQuerySchema = Type.Object({
  q: Type.String({ default: '', maxLength: 100, description: 'Words to search for' }),
  category: Type.String({ default: '', maxLength: 64, description: 'Slug of a category' }),
  minPrice: price,
  maxPrice: price,
  sort: Type.Enum(Object.keys(SORTS), { default: 'newest' }),
  page: Type.Integer({ default: 1, minimum: 1, maximum: LAST_PAGE }),
  // Declared so that No-Vary-Search excepts it: otherwise browsers would use the page without it.
  debug: Type.Optional(
    Type.String({ maxLength: 20, description: '`cache` shows admins the cache uses of the page' })
  )
})
export type ListQuery = Static<typeof ListQuerySchema>

export const ProductId = Type.Object({
  id: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })
})

/** Response schema of a page. */
export const html = { 200: Type.String({ description: 'text/html' }) }

const text = Type.String()

/**
 * Form that edits a product, as sent by a browser: parsed by {@link ProductFields}, so that no
 * input is lost.
 */
export const EditFormSchema = Type.Object({
  etag: Type.String({ default: '', description: 'Entity tag of the edited version' }),
  name: text,
  sku: text,
  price: text,
  stock: text,
  categoryId: text,
  description: text
})
export type EditForm = Static<typeof EditFormSchema>

/**
 * Fields of a product as text, within the limits of the catalog. Attributes of the form are derived
 * from it.
 */
export const ProductFields = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 200, pattern: '^\\P{Cc}*$' }),
  sku: Type.String({ maxLength: 64, pattern: '^[A-Za-z0-9][A-Za-z0-9._\\-]{0,63}$' }),
  price: Type.String({
    maxLength: 11,
    pattern: '^(?:\\d{1,7}(?:\\.\\d{1,2})?|10000000(?:\\.00?)?)$'
  }),
  stock: Type.String({ maxLength: 10, pattern: '^(?:\\d{1,9}|1000000000)$' }),
  categoryId: Type.String({ pattern: '^[1-9]\\d{0,14}$' }),
  description: Type.String({ maxLength: 4000, pattern: '^(?:\\P{Cc}|[\\t\\n])*$' })
})

/** Product from whose page a visitor came, if any. */
export const CameFromSchema = Type.Partial(Type.Object({ product: ProductId.properties.id }))
export const TokenForm = Type.Object({
  token: Type.String({ maxLength: 5000 }),
  // Text, like all fields of a form.
  product: Type.Optional(Type.String({ pattern: '^[1-9]\\d{0,14}$' }))
})
export const DemoForm = Type.Object({
  role: Type.Enum(['reader', 'editor', 'admin']),
  from: Type.Optional(Type.String({ maxLength: 2000 }))
})
