import Database from 'better-sqlite3'
import { type Work } from './load.js'

/** Chosen to take about 50 ms of CPU, like the query. */
const N = 34
const BASKETS = 5000
const PRODUCTS = 400
const PER_BASKET = 6

/**
 * Computations: each is prepared, and returns a function that computes and describes the result.
 */
export const WORK: Readonly<Record<Work, () => () => string>> = {
  fibonacci: () => () => `fibonacci(${N}) = ${counts.format(fibonacci(N))}`,
  query: () => {
    const statement = (purchases ??= generate()).prepare<[], Pair>(BOUGHT_TOGETHER)
    return () => {
      const pair = statement.get()
      return `products ${pair?.one} and ${pair?.other} were bought together ${pair?.times} times`
    }
  }
}

const counts = new Intl.NumberFormat('en')
const fibonacci = (n: number): number => n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2)

interface Pair {
  readonly one: number
  readonly other: number
  readonly times: number
}

/**
 * Finds the pair of products in most baskets. No index helps: all pairs of all baskets are counted.
 */
const BOUGHT_TOGETHER = `
  select a.product as one, b.product as other, count(*) as times
  from purchases a join purchases b on b.basket = a.basket and b.product > a.product
  group by one, other order by times desc, one, other limit 1`

let purchases: Database.Database | undefined

/** Creates a table in memory, with the same rows on every instance. */
function generate (): Database.Database {
  const database = new Database(':memory:')
  database.exec('create table purchases (basket integer not null, product integer not null) strict')
  const insert = database.prepare('insert into purchases values (?, ?)')
  let seed = 1
  const below = (limit: number): number => (seed = seed * 48_271 % 2_147_483_647) % limit
  database.transaction(() => {
    for (let basket = 1; basket <= BASKETS; basket++) {
      // Products with low numbers are bought more often.
      for (let i = 0; i < PER_BASKET; i++) {
        insert.run(basket, 1 + Math.floor(below(PRODUCTS) * below(PRODUCTS) / PRODUCTS))
      }
    }
  })()
  return database
}
