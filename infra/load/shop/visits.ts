import { randomFrom, zipf } from './random.js'

/** Kinds of shoppers' requests: how many of each hundred there are, and their paths. */
export const KINDS = {
  list: { percent: 26, about: 'a page of the list, of all products or of a category' },
  product: { percent: 34, about: 'a product' },
  search: { percent: 10, about: 'words, a category or a price, sorted' },
  again: { percent: 16, about: 'a page that the browser has, with If-None-Match' },
  account: { percent: 8, about: 'the box about the user, signed in or not' },
  asset: { percent: 6, about: 'style, script or icons' }
} as const satisfies Record<string, { percent: number, about: string }>
export type Kind = keyof typeof KINDS

/** A request of a shopper. */
export interface Visit {
  readonly kind: Kind
  readonly path: string
  /** The shopper is signed in. */
  readonly isSignedIn: boolean
}

/** The shop under load. */
export interface Place {
  /** Ids go from 1 to this one, the newest. */
  readonly products: number
  readonly categories: readonly { readonly slug: string, readonly pages: number }[]
  readonly assets: readonly string[]
}

const WORDS = [
  'pan',
  'lamp',
  'steel',
  'oak',
  'mug',
  'cotton',
  'knife',
  'glass',
  'towel',
  'board',
  'cast iron',
  'wool',
  'desk',
  'kettle',
  'light'
]
const SORTS = ['newest', 'price', '-price', 'name']
/** Pages of a list that shoppers open. */
export const PAGES = 40
/**
 * Number of products that shoppers open, the newest first: few shoppers go further down in lists.
 */
export const POPULAR = 480
/** Pages that shoppers return to: those requested last. */
const REMEMBERED = 100

/** Yields visits without end, repeatable by seed, whatever the responses. */
export function * visits (
  { products, categories, assets }: Place,
  seed: number
): Generator<Visit, never> {
  const random = randomFrom(seed)
  const ranks = [Math.min(products, POPULAR), PAGES, WORDS.length, categories.length].map(
    (count) => zipf(count, random)
  )
  const [productRank, pageRank, wordRank, categoryRank] = ranks
  const seen: string[] = []
  const pick = (list: readonly string[], rank = Math.floor(random() * list.length)): string =>
    list[rank] ?? ''
  const category = () => categories[categoryRank?.() ?? 0] ?? { slug: '', pages: 1 }
  const isIn = (share: number): boolean => random() < share
  const query = (fields: Record<string, string>): string => {
    const search = new URLSearchParams(
      Object.entries(fields).filter(([, value]) => value !== '')
    ).toString()
    return search === '' ? '/shop' : `/shop?${search}`
  }
  const paths: Readonly<Record<Kind, () => string>> = {
    list () {
      const { slug, pages } = isIn(0.5) ? category() : { slug: '', pages: PAGES }
      const page = 1 + ((pageRank?.() ?? 0) % pages)
      return query({ category: slug, page: page === 1 ? '' : String(page) })
    },
    product: () => `/shop/products/${products - (productRank?.() ?? 0)}`,
    search: () =>
      query({
        category: isIn(0.3) ? category().slug : '',
        q: pick(WORDS, wordRank?.()),
        maxPrice: isIn(0.3) ? String(10 * (1 + Math.floor(random() * 20))) : '',
        sort: isIn(0.4) ? pick(SORTS) : ''
      }),
    again: () => pick(seen) || '/shop',
    account: () => '/shop/account/box',
    asset: () => pick(assets)
  }
  for (;;) {
    const kind = kindAt(random() * 100)
    const path = paths[kind]()
    if (kind === 'list' || kind === 'product' || kind === 'search') {
      seen.push(path)
      if (seen.length > REMEMBERED) seen.shift()
    }
    yield { kind, path, isSignedIn: kind === 'account' && isIn(0.5) }
  }
}

function kindAt (point: number): Kind {
  let sum = 0
  for (const kind of Object.keys(KINDS) as Kind[]) {
    sum += KINDS[kind].percent
    if (point < sum) return kind
  }
  return 'list'
}
