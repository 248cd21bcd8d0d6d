import { type FastifySchemaValidationError } from 'fastify'

/** Violation of a schema, as reported by Ajv and TypeBox. */
type Violation = Pick<FastifySchemaValidationError, 'keyword' | 'instancePath' | 'params'>

/** Invalid field, with a sentence that explains it. */
interface Mistake {
  readonly field: string
  readonly message: string
}

const AN_AMOUNT = 'Write the price as an amount, such as 12.50'
const counts = new Intl.NumberFormat('en')

/** Sentences by field, for all violations of it or by keyword. Limits come from the schema. */
const SENTENCES: Readonly<Record<string, string | Readonly<Record<string, string>>>> = {
  page: {
    minimum: 'Pages are counted from %',
    maximum: 'There are at most % pages',
    type: 'Write the page as a whole number, such as 2'
  },
  q: 'Search for % characters at most',
  category: 'There is no such category: choose one from the list',
  minPrice: AN_AMOUNT,
  maxPrice: AN_AMOUNT,
  sort: 'Products can be sorted by %',
  id: 'A product is found by its number, such as /shop/products/17',
  name: {
    minLength: 'Give the product a name',
    pattern: 'Write the name in one line, without control characters',
    maxLength: 'Shorten the name to % characters'
  },
  sku: 'Write the article number with at most 64 letters, digits, dots, dashes and underscores, such as PAN-00017',
  price: AN_AMOUNT,
  stock: 'Write the stock as a whole number, such as 12',
  categoryId: 'Choose one of the categories',
  description: {
    pattern: 'Write the description without control characters',
    maxLength: 'Shorten the description to % characters'
  },
  token: 'Write the token with % characters at most',
  role: 'Choose one of the demo users: %',
  way: 'The lab has these ways: %',
  work: 'The lab computes one of these: %'
}

/** Explains the problem with a field in a sentence for visitors. */
export function inWords (violation: Violation): Mistake {
  const { keyword, instancePath, params } = violation
  const missing = params['missingProperty']
  const field = typeof missing === 'string' ? missing : instancePath.split('/')[1] ?? ''
  const known = SENTENCES[field]
  const sentence = typeof known === 'object' ? known[keyword] : known
  if (missing !== undefined) {
    return { field, message: `The form was sent without ${field}: load the page again` }
  }
  return {
    field,
    message:
      sentence?.replace('%', limitOf(params)) ??
      `${field || 'The form'} cannot be read: load the page again`
  }
}

/** Returns the exceeded limit, or the allowed values. */
function limitOf ({ limit, allowedValues }: Violation['params']): string {
  if (typeof limit === 'number') return counts.format(limit)
  if (!Array.isArray(allowedValues)) return 'fewer'
  return allowedValues.filter((value) => value !== '').join(', ')
}

/** Converts violations of a page's schema to an error whose problem is for visitors. */
export function validationError (violations: readonly FastifySchemaValidationError[]): Error {
  const errors = violations.map(inWords)
  const detail = errors.map(({ message }) => message).join('. ')
  return Object.assign(new Error(detail), { problem: { detail, errors } })
}
