import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { CategoryInputSchema } from '../categories/schemas.js'
import { productFields } from '../products/schemas.js'

const ImportRowSchema = Type.Object(
  { ...productFields, category: CategoryInputSchema.properties.slug },
  { additionalProperties: false }
)

/** Product in a file: like in the API, with its category named by slug. */
export type ImportRow = Static<typeof ImportRowSchema>
export type ImportField = keyof ImportRow

/** Unpaired surrogate, which JSON can express and UTF-8 cannot. */
const HALF_CHARACTER = /\p{Cs}/u

const validator = Compile(ImportRowSchema)

/** Expected value of each field, for the person who corrects the file. */
const expectations: Record<ImportField, string> = {
  sku: '1 to 64 letters, digits, ".", "_" or "-", the first one a letter or digit',
  name: 'a text of 1 to 200 characters',
  description: 'a text of at most 4,000 characters',
  category: 'the slug of a category, such as garden-tools',
  price: 'a whole number of minor units from 0 to 1,000,000,000 (1299 for 12.99)',
  currency: 'EUR',
  stock: 'a whole number of pieces from 0 to 1,000,000,000'
}

export const requiredFields: readonly ImportField[] = ['sku', 'name', 'category', 'price']

export function isImportField (name: string): name is ImportField {
  return Object.hasOwn(expectations, name)
}

/** Returns the row, or a text that lists all of its problems. */
export function checkRow (value: unknown): { row: ImportRow } | { problem: string } {
  if (validator.Check(value)) {
    // Patterns of the other fields exclude such characters.
    const halved = (['name', 'description'] as const).filter((field) =>
      HALF_CHARACTER.test(value[field] ?? '')
    )
    if (halved.length === 0) return { row: value }
    return {
      problem: halved
        .map(
          (field) =>
            `${field} has an escape from \\ud800 to \\udfff that is only half of a character`
        )
        .join('; ')
    }
  }
  const fields = new Map(Object.entries(typeof value === 'object' && value !== null ? value : {}))
  const missing = requiredFields
    .filter((field) => !fields.has(field))
    .map((field) => `${field} is missing: it must be ${expectations[field]}`)
  // Several rules may fail for one field, which is reported once.
  const blamed = new Set(
    validator
      .Errors(value)
      .map(({ instancePath }) => instancePath.slice(1))
      .filter((field) => field !== '')
  )
  const wrong = [...blamed].map((field) => isImportField(field)
    ? `${field} must be ${expectations[field]}, not ${excerpt(fields.get(field))}`
    : `${field} is not a field of a product`)
  return { problem: [...missing, ...wrong].join('; ') }
}

function excerpt (value: unknown): string {
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
