import { join } from 'node:path'
import { openCatalog, type CatalogDatabase } from '@weir/catalog/db'
import { listProducts } from '@weir/catalog/list'
import { sql } from 'kysely'
import { interleave } from '../rounds.js'
import type { Result, Scenario, Surroundings } from '../scenario.js'
import { spread } from '../statistics.js'

const PRODUCTS = 1_000_000
const ROUNDS = 5
const FIRST_PAGE = { page: 1, limit: 20, sort: 'newest' } as const

/** Search terms; each matches one product in `every`. */
const searches = [
  { what: 'a word, in 1 of 1,000', q: 'habicht', part: 'Habicht', every: 1000 },
  { what: 'inside a Japanese word, in 1 of 1,000', q: '京タ', part: '京タ', every: 1000 },
  { what: 'a word, in 1 of 8', q: 'copper', part: 'Copper', every: 8 }
]

/**
 * A search of the catalog against a scan of the same rows, and a late page by cursor against the
 * same page by number.
 */
export const search: Scenario = {
  name: 'search',
  about:
    'a search among 1,000,000 products against a scan with LIKE, and their last page by cursor',
  async run (around) {
    const products = around.repeat(PRODUCTS)
    around.say(`search: writing ${products} products`)
    const database = await openCatalog(join(around.dir, 'search.db'))
    around.defer(() => database.close())
    await fill(database, products)

    const results: Result[] = []
    for (const { what, q, part, every } of searches) {
      const expected = Math.floor(products / every)
      const bySearch = async () => (await listProducts(database.read, { ...FIRST_PAGE, q })).total
      results.push(
        await compare(
          around,
          what,
          expected,
          bySearch,
          () => scan(database, part),
          every < 100 ? undefined : 10
        )
      )
    }
    const last = { id: 100, value: await timeOf(database, 100) }
    const byCursor = async () =>
      (await listProducts(database.read, { ...FIRST_PAGE, after: last })).items.length
    const byNumber = async () => (await numbered(database, products - 99)).length
    results.push(await compare(around, 'a page at the end, by cursor', 20, byCursor, byNumber, 20))
    return results
  }
}

/** Inserts products like those of the sample, by SQL; removes the sample itself. */
async function fill (database: CatalogDatabase, products: number): Promise<void> {
  await database.write(async (transaction) => {
    await transaction.deleteFrom('products').execute()
    await sql`
      insert into products (id, sku, name, description, category_id, price, currency, stock, created_at, updated_at)
      with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < ${products})
      select n, printf('B-%07d', n),
        json_extract('["Iron","Copper","Oak","Linen","Steel","Wool","Glass","Cork"]', '$[' || (n % 8) || ']') || ' Thing ' || (n % 9973)
          || iif(n % 1000 = 7, ' Habicht 東京タワー', ''),
        'Made for every day', 1 + n % 40, 99 + (n * 7919) % 100000, 'EUR', 1, time, time
      from (select n, strftime('%Y-%m-%dT%H:%M:%fZ', 1700000000 + n, 'unixepoch') as time from numbers)`.execute(
        transaction
      )
  })
}

/** Finds the same page and count by LIKE, which ignores case of ASCII only and no accents. */
async function scan ({ read }: CatalogDatabase, part: string): Promise<number> {
  const matching = read.selectFrom('products').where((eb) => eb.or(
    (['sku', 'name', 'description'] as const).map((column) => eb(column, 'like', `%${part}%`))))
  await matching
    .selectAll()
    .orderBy('createdAt', 'desc')
    .orderBy('id', 'desc')
    .limit(FIRST_PAGE.limit)
    .execute()
  return (
    await matching.select(({ fn }) => fn.countAll<number>().as('total')).executeTakeFirstOrThrow()
  ).total
}

const numbered = async ({ read }: CatalogDatabase, offset: number) =>
  await read.selectFrom('products').selectAll().orderBy('createdAt', 'desc').orderBy('id', 'desc')
    .limit(FIRST_PAGE.limit).offset(offset).execute()

const timeOf = async ({ read }: CatalogDatabase, id: number): Promise<string> =>
  (
    await read
      .selectFrom('products')
      .select('createdAt')
      .where('id', '=', id)
      .executeTakeFirstOrThrow()
  ).createdAt

/** Compares the time of `other` with that of `mine`, round by round. Both must find `expected`. */
async function compare (
  around: Surroundings, what: string, expected: number,
  mine: () => Promise<number | undefined>, other: () => Promise<number>, atLeast: number | undefined
): Promise<Result> {
  around.say(`search: ${what}`)
  // Loads the pages that the rounds need into SQLite's cache.
  await mine()
  await other()
  const times = await interleave([mine, other], around.repeat(ROUNDS), async (work) => {
    const began = performance.now()
    const found = await work()
    if (found !== expected) throw new Error(`${what}: found ${found}, not ${expected}`)
    return performance.now() - began
  })
  const [searched = [], scanned = []] = [times.get(mine), times.get(other)]
  const rounds = searched.map((ms, i) => ({
    ms,
    otherMs: scanned[i] ?? ms,
    ratio: (scanned[i] ?? ms) / ms
  }))
  const ms = (all: readonly number[]) => `${spread(all).median.toFixed(1)} ms`
  return {
    scenario: 'search',
    what,
    a: ms(searched),
    b: `${what.includes('cursor') ? 'by offset' : 'LIKE'} ${ms(scanned)}`,
    unit: 'x',
    measured: spread(rounds.map(({ ratio }) => ratio)),
    ...(atLeast !== undefined && { target: { atLeast } }),
    rounds
  }
}
