import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { NoQuery } from '@weir/fastify/service'
import { type FastifyReply, type FastifyRequest } from 'fastify'
import { Value } from 'typebox/value'
import { STOREFRONT_ERR_NO_PRODUCT, UpstreamSilent } from '../errors.js'
import { formLimit } from '../limits.js'
import { type Category, type Product } from '../upstream/schemas.js'
import { inWords } from './in-words.js'
import { Page } from './page.js'
import { type EditForm, EditFormSchema, html, ProductFields, ProductId } from './schemas.js'
import { type Shop } from './shop.js'

type Fields = Omit<EditForm, 'etag'>
type Mistakes = Readonly<Record<string, string>>

/**
 * GET and POST /shop/products/:id/edit, for editors. The form contains the entity tag of the
 * displayed version. The catalog changes that version or none: if the product has changed
 * meanwhile, the editor sees both versions.
 */
export const editRoutes: FastifyPluginAsyncTypebox<{ shop: Shop }> = async (app, { shop }) => {
  const config = { session: true, role: 'editor' } as const

  app.get(
    '/shop/products/:id/edit',
    {
      schema: {
        tags: ['pages'],
        summary: 'The form that edits a product',
        params: ProductId,
        querystring: NoQuery,
        response: html
      },
      config
    },
    async ({ params: { id } }, reply) => {
      const { product, etag } = await currentOf(shop, id)
      return form(shop, reply, { id, etag, fields: fieldsOf(product) })
    }
  )

  app.post(
    '/shop/products/:id/edit',
    {
      schema: {
        tags: ['pages'],
        summary: 'Change a product',
        params: ProductId,
        querystring: NoQuery,
        body: EditFormSchema,
        response: html
      },
      config: { ...config, rateLimit: formLimit }
    },
    async (request, reply) => {
      const {
        params: { id },
        body: { etag, ...fields }
      } = request
      if (!ENTITY_TAG.test(etag)) return compared(shop, reply, { id, etag, fields }, 'no version')
      const { changes, mistakes } = read(fields)
      if (Object.keys(mistakes).length > 0) {
        return form(shop, reply, { id, etag, fields, mistakes }, 400)
      }
      const change = await shop.catalog
        .change(id, changes, { etag, token: tokenOf(request) })
        .catch((error: unknown) => {
          if (error instanceof UpstreamSilent) return { kind: 'unknown' } as const
          throw error
        })
      switch (change.kind) {
        case 'done':
          return reply.redirect(`/shop/products/${id}`, 303)
        case 'gone':
          throw new STOREFRONT_ERR_NO_PRODUCT(id)
        case 'unknown': {
          reply.header('retry-after', '5')
          return form(shop, reply, { id, etag, fields, problem: UNKNOWN }, 503)
        }
        case 'conflict':
          return compared(shop, reply, { id, etag, fields }, 'changed')
        case 'refused': {
          const {
            status,
            problem: { detail, errors = [] }
          } = change
          const refused = Object.fromEntries(
            errors.map(({ field, message }) => [
              field,
              `${isField(field) ? LABELS[field] : field} ${message}`
            ])
          )
          return form(
            shop,
            reply,
            { id, etag, fields, mistakes: refused, problem: errors.length === 0 ? detail : '' },
            status
          )
        }
      }
    }
  )
}

/**
 * One entity tag (RFC 9110 section 8.8.3), of a length that fits into a header field. Neither `*`,
 * which would replace any version, nor text that If-Match cannot carry.
 */
const ENTITY_TAG = /^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]{0,200}"$/

// The form's entity tag prevents a second attempt from replacing any other version.
const UNKNOWN =
  'The catalog did not answer in time, so the change may or may not be saved. Your text is ' +
  'still here: check the product, or save again, which does not replace a newer version.'

/** The edited version is no longer current, or unknown, because the form does not name one. */
type Cause = 'changed' | 'no version'

const NOT_COMPARED =
  'Nothing was saved: the product may have changed, and the catalog does not answer with its ' +
  'current version. Your text is still here: save again in a few seconds.'

interface Filled {
  readonly id: number
  readonly etag: string
  readonly fields: Fields
  readonly mistakes?: Mistakes
  /** Current version, if the form has to be compared with it. */
  readonly theirs?: Fields
  /** Reason for the comparison. */
  readonly cause?: Cause
  readonly problem?: string
}

/**
 * Sends the form with its input, beside the current version, which the next attempt replaces. If
 * the catalog does not answer, the next attempt compares.
 */
async function compared (
  shop: Shop,
  reply: FastifyReply,
  sent: Pick<Filled, 'id' | 'etag' | 'fields'>,
  cause: Cause
): Promise<FastifyReply> {
  try {
    const { product, etag } = await currentOf(shop, sent.id)
    const status = cause === 'changed' ? 412 : 400
    return await form(shop, reply, { ...sent, etag, theirs: fieldsOf(product), cause }, status)
  } catch (error) {
    if (!(error instanceof UpstreamSilent)) throw error
    reply.header('retry-after', '5')
    return form(shop, reply, { ...sent, problem: NOT_COMPARED }, 503)
  }
}

async function form (
  shop: Shop,
  reply: FastifyReply,
  filled: Filled,
  status = 200
): Promise<FastifyReply> {
  const categories = await categoriesFor(shop, filled.fields)
  const { theirs, mistakes = {}, problem = '' } = filled
  const inWords = (fields: Fields) => ({
    ...fields,
    categoryId:
      categories.find(({ id }) => String(id) === fields.categoryId)?.name ?? fields.categoryId
  })
  const differences =
    theirs === undefined ? [] : differing(inWords(filled.fields), inWords(theirs))
  return new Page(shop, reply, undefined).send(
    'edit',
    {
      ...filled,
      limits: ProductFields.properties,
      title: `Edit ${theirs?.name ?? filled.fields.name}`,
      categories,
      mistakes,
      problem,
      differences,
      isConflict: theirs !== undefined
    },
    status
  )
}

/**
 * Returns all categories; while the catalog is unavailable and none are cached, only that of the
 * form.
 */
async function categoriesFor (
  { catalog }: Shop,
  { categoryId }: Fields
): Promise<readonly Pick<Category, 'id' | 'name'>[]> {
  try {
    return (await catalog.categories()).body
  } catch (error) {
    if (!(error instanceof UpstreamSilent)) throw error
    return [{ id: Number(categoryId), name: `Category ${categoryId}` }]
  }
}

async function currentOf (shop: Shop, id: number) {
  const found = await shop.catalog.currentProduct(id)
  if (found === undefined) throw new STOREFRONT_ERR_NO_PRODUCT(id)
  return found
}

/** Labels of the fields. */
const LABELS: Readonly<Record<keyof Fields, string>> = {
  name: 'Name',
  sku: 'Article number',
  price: 'Price',
  stock: 'In stock',
  categoryId: 'Category',
  description: 'Description'
}

const isField = (name: string): name is keyof Fields => Object.hasOwn(LABELS, name)

const differing = (yours: Fields, theirs: Fields) =>
  (['name', 'sku', 'price', 'stock', 'categoryId', 'description'] as const)
    .filter((field) => yours[field] !== theirs[field])
    .map((field) => ({ label: LABELS[field], yours: yours[field], theirs: theirs[field] }))

const fieldsOf = ({ name, sku, price, stock, categoryId, description }: Product): Fields => ({
  name,
  sku,
  price: (price / 100).toFixed(2),
  stock: String(stock),
  categoryId: String(categoryId),
  description
})

/** Parses the fields for the catalog, or describes their problems. */
function read (typed: Fields) {
  // Browsers send line breaks as CRLF.
  const description = typed.description.replaceAll('\r\n', '\n')
  const { categoryId } = typed
  const [name, sku, price, stock] = [
    typed.name.trim(),
    typed.sku.trim(),
    typed.price.trim(),
    typed.stock.trim()
  ]
  const found = Value.Errors(ProductFields, {
    name,
    sku,
    price,
    stock,
    categoryId,
    description
  }).map(inWords)
  const mistakes = Object.fromEntries(found.map(({ field, message }) => [field, message]))
  const changes = {
    name,
    sku,
    price: Math.round(Number(price) * 100),
    stock: Number(stock),
    categoryId: Number(categoryId),
    description
  }
  return { changes, mistakes }
}

/** Returns the request's token, with which the role has been checked. */
const tokenOf = ({ headers: { authorization = '' } }: FastifyRequest): string =>
  authorization.replace(/^bearer +/i, '')
