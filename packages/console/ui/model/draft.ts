import { type Product } from './products.js'
import { moneyInput, parseMoney } from './format.js'

/** A product as entered in a form. */
export interface Draft {
  readonly name: string
  readonly price: string
  readonly stock: string
  readonly description: string
}

export const draftOf = ({ name, price, stock, description }: Product): Draft =>
  ({ name, price: moneyInput(price), stock: String(stock), description })

/** Returns the changed fields of a form as a merge patch (RFC 7396), or the mistakes by field. */
export function changesOf (draft: Draft, product: Product): {
  readonly changes: Readonly<Record<string, string | number>>
  readonly mistakes: Readonly<Partial<Record<keyof Draft, string>>>
} {
  const price = parseMoney(draft.price)
  const stock = /^\s*\d{1,9}\s*$/.test(draft.stock) ? Number(draft.stock) : undefined
  return {
    changes: {
      ...(draft.name !== product.name && { name: draft.name }),
      ...(draft.description !== product.description && { description: draft.description }),
      ...(price !== undefined && price !== product.price && { price }),
      ...(stock !== undefined && stock !== product.stock && { stock })
    },
    mistakes: {
      ...(draft.name.trim() === '' && { name: 'A product needs a name.' }),
      ...(price === undefined && { price: 'Not a price: use a number such as 12.99.' }),
      ...(stock === undefined && { stock: 'Not a number of items: use a whole number.' })
    }
  }
}
