import { type SampleCategory, sampleCategories } from './categories.js'
import { type Department, departments } from './departments.js'
import { createRandom, type Random } from './random.js'

const PRODUCTS_PER_CATEGORY = 250
const DAY = 86_400_000
/** The shop's first day; the last product was added two years later. */
const FIRST_DAY = Date.UTC(2024, 9, 1, 8)

/** Product of the sample shop; `category` is a slug. */
export interface SampleProduct {
  sku: string
  name: string
  description: string
  category: string
  price: number
  currency: 'EUR'
  stock: number
  createdAt: string
  updatedAt: string
}

/** Returns the sample shop's 10,000 products: the same ones each time, oldest first. */
export function sampleProducts (): SampleProduct[] {
  const random = createRandom(20_241_001)
  return sampleCategories
    .flatMap((category) => productsOf(category, random))
    .sort((a, b) => a.createdAt.localeCompare(b.createdAt) || a.sku.localeCompare(b.sku, 'en'))
}

function productsOf (category: SampleCategory, random: Random): SampleProduct[] {
  const department: Department = departments[category.department]
  const names = new Set<string>()
  const products: SampleProduct[] = []
  while (products.length < PRODUCTS_PER_CATEGORY) {
    const brand = random.pick(department.brands)
    const quality = random.pick(department.qualities)
    const noun = random.pick(category.nouns)
    const name = `${brand} ${quality} ${noun}`
    if (names.has(name)) continue
    names.add(name)
    const createdAt = new Date(
      FIRST_DAY + random.between(0, 729) * DAY + random.between(0, 36_000) * 1_000
    ).toISOString()
    products.push({
      sku: `${category.sku}-${String(products.length + 1).padStart(5, '0')}`,
      name,
      description: describe(brand, quality, noun, department, random),
      category: category.slug,
      price: priceIn(category.price, random),
      currency: 'EUR',
      stock: stockLevel(random),
      createdAt,
      updatedAt: createdAt
    })
  }
  return products
}

function describe (
  brand: string,
  quality: string,
  noun: string,
  department: Department,
  random: Random
): string {
  const what = `${quality.toLowerCase()} ${noun.toLowerCase()}`
  const opening = random.pick([
    `The ${what} by ${brand}: made for every day, and for years.`,
    `From ${brand}, who work in small batches: the ${what}.`,
    `A favourite among our customers: the ${what} from ${brand}.`,
    `${brand}'s ${what}, with nothing added that nobody needs.`,
    `Our buyers' choice of the season: the ${what} from ${brand}.`
  ])
  const first = random.pick(department.remarks)
  const second = random.pick(department.remarks)
  return first === second ? `${opening} ${first}` : `${opening} ${first} ${second}`
}

/**
 * Picks a price: mostly low and sometimes high, evenly on a logarithmic scale drawn towards its
 * middle; the ending is that of price tags.
 */
function priceIn ([low, high]: readonly [low: number, high: number], random: Random): number {
  const where = (random.next() + random.next()) / 2
  const exact = low * (high / low) ** where
  const step = exact < 2_000 ? 50 : exact < 10_000 ? 100 : exact < 50_000 ? 500 : 1_000
  return Math.max(step, Math.round(exact / step) * step) - (exact < 10_000 ? 1 : 100)
}

/**
 * Picks a stock level: one in twelve is sold out; the others are mostly a few and sometimes a
 * pallet.
 */
function stockLevel (random: Random): number {
  if (random.next() < 1 / 12) return 0
  return 1 + Math.floor(250 * random.next() ** 3)
}
