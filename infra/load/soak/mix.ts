import { type Request } from 'autocannon'
import { POPULAR, WEATHER } from '../paths.js'

/** One kind of request: its share in percent, and a function that makes the next one. */
export interface Kind {
  readonly part: string
  readonly percent: number
  readonly isWrite?: true
  readonly next: () => Request
}

const PRODUCTS = 10_000
const WRITTEN = 500
const WORDS = [
  'iron',
  'pan',
  'mug',
  'tin',
  'oak',
  'lamp',
  'cast',
  'steel',
  'blue',
  'cotton',
  'towel',
  'knife',
  'board',
  'glass',
  'co',
  'br',
  'wa',
  'te'
]
const SORTS = ['newest', 'name', '-name', 'price', '-price']

const below = (limit: number): number => Math.floor(Math.random() * limit)
const oneOf = <T>(list: readonly T[], otherwise: T): T => list[below(list.length)] ?? otherwise
/** Usually one of the first `some`: a few pages are popular, many are rarely requested. */
const id = (some: number): number => 1 + below(below(10) === 0 ? PRODUCTS : some)
const list = (query: string): string => `/api/products?${query}`

/** The long-term mix of a shop: mostly reads, with everything that leaves traces in a cache. */
export const mix = (token: string): readonly Kind[] => [
  { part: 'reads', percent: 36, next: () => ({ path: `/api/products/${id(500)}` }) },
  { part: 'popular', percent: 10, next: () => ({ path: oneOf(POPULAR, '/') }) },
  {
    part: 'lists',
    percent: 18,
    next: () => ({
      path: list(
        `limit=${oneOf([10, 20, 50, 100], 20)}&page=${1 + below(100)}&sort=${oneOf(SORTS, 'name')}`
      )
    })
  },
  {
    part: 'searches',
    percent: 12,
    next: () => ({ path: list(`q=${oneOf(WORDS, '')}+${oneOf(WORDS, '')}&page=${1 + below(3)}`) })
  },
  { part: 'weather', percent: 8, next: () => ({ path: oneOf(WEATHER, '/') }) },
  {
    part: 'no-cache',
    percent: 7,
    next: () => ({
      path: below(2) === 0 ? `/api/products/${id(WRITTEN)}` : list(`page=${1 + below(20)}`),
      headers: { 'cache-control': 'no-cache' }
    })
  },
  {
    part: 'writes',
    percent: 4,
    isWrite: true,
    next: () => ({
      method: 'PATCH',
      path: `/api/products/${1 + below(WRITTEN)}`,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ stock: below(1000) })
    })
  },
  {
    part: 'missing',
    percent: 5,
    next: () => ({
      path:
        below(2) === 0
          ? `/api/products/${2 * PRODUCTS + below(1e9)}`
          : `/api/products/x/${below(1e9)}`
    })
  }
]
