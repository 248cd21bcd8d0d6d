import { type Generated, type Insertable, type Kysely, sql, type Transaction } from 'kysely'
import { engineOf } from '../db/engine.js'
import { type CatalogSchema, type IndexColumns } from '../db/schema.js'
import { type ImportRow } from './import-row.js'
import { type RowProblem } from './problems.js'

/** Types of the columns that an engine adds, besides tsvector. */
const INDEX_TYPES: Readonly<Record<string, string>> = { name_key: 'text' }

interface StagedTable extends IndexColumns {
  line: Generated<number>
  sku: string
  name: string
  category: string
  price: number
  description: string | null
  currency: string | null
  stock: number | null
}

interface StagingSchema extends CatalogSchema {
  staged: StagedTable
}

export interface Merged {
  added: number
  updated: number
  unchanged: number
}

const ROWS_PER_STATEMENT = 500

/**
 * Temporary table for rows: reading a file of any size takes little memory, and no lock on the
 * catalog until all rows are known to be valid.
 */
export class Staging {
  readonly #db: Kysely<StagingSchema>
  #pending: Insertable<StagedTable>[] = []

  private constructor (db: Kysely<StagingSchema>) {
    this.#db = db
  }

  static async create (db: Kysely<CatalogSchema>): Promise<Staging> {
    await sql`
      create temporary table staged (
        line integer primary key, sku text not null, name text not null, category text not null, price integer not null,
        description text, currency text, stock integer
        ${sql.raw(engineOf(db).indexColumns.map((column) => `, ${column} ${INDEX_TYPES[column] ?? 'tsvector'}`).join(''))}
      )`.execute(db)
    return new Staging(db.withTables<{ staged: StagedTable }>())
  }

  async add (line: number, row: ImportRow): Promise<void> {
    this.#pending.push({
      line,
      description: null,
      currency: null,
      stock: null,
      ...row,
      ...engineOf(this.#db).indexed(row)
    })
    if (this.#pending.length >= ROWS_PER_STATEMENT) await this.flush()
  }

  /** Writes the rows collected by `add`; call it before querying the table. */
  async flush (): Promise<void> {
    if (this.#pending.length === 0) return
    await this.#db.insertInto('staged').values(this.#pending).execute()
    this.#pending = []
  }

  /**
   * Returns the rows that contradict the catalog or each other: their number, and the first ones.
   */
  async problems (
    db: Kysely<CatalogSchema>,
    limit: number
  ): Promise<{ count: number; first: RowProblem[] }> {
    const rows = db
      .withTables<{ staged: StagedTable }>()
      .selectFrom((eb) =>
        eb
          .selectFrom('staged')
          .leftJoin('categories', 'categories.slug', 'staged.category')
          .select(['staged.line', 'staged.sku', 'staged.category', 'categories.id as categoryId'])
          .select(sql<number>`min(staged.line) over (partition by staged.sku)`.as('firstLine'))
          .as('judged')
      )
      .where((eb) => eb.or([eb('categoryId', 'is', null), eb('line', '>', eb.ref('firstLine'))]))
    const { count } = await rows
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow()
    const first = await rows.selectAll().orderBy('line').limit(limit).execute()
    return {
      count,
      first: first.map(({ line, sku, category, categoryId, firstLine }) => ({
        line,
        problem: [
          ...(categoryId === null
            ? [`category "${category}" does not exist: GET /api/categories lists the existing ones`]
            : []),
          ...(line > firstLine ? [`sku "${sku}" is on line ${firstLine} already`] : [])
        ].join('; ')
      }))
    }
  }

  /** Adds new products and updates changed ones; omitted fields keep their values. */
  async merge (transaction: Transaction<CatalogSchema>): Promise<Merged> {
    const now = new Date().toISOString()
    const {
      rows: [counts]
    } = await sql<{ total: number; added: number }>`
      select count(*) as total, count(*) filter (where sku not in (select sku from products)) as added from staged`.execute(
        transaction
      )
    const { indexColumns } = engineOf(transaction)
    const listed = (format: (column: string) => string) =>
      sql.raw(indexColumns.map((column) => `, ${format(column)}`).join(''))
    if (counts === undefined) throw new Error('A count has one row')
    const { numAffectedRows = 0n } = await sql`
      insert into products (
        sku, name, description, category_id, price, currency, stock, created_at, updated_at
        ${listed((column) => column)})
      select s.sku, s.name, coalesce(s.description, p.description, ''), c.id, s.price,
        coalesce(s.currency, p.currency, 'EUR'), coalesce(s.stock, p.stock, 0), ${now}, ${now}
        ${listed((column) => `coalesce(s.${column}, p.${column}, '')`)}
      from staged s join categories c on c.slug = s.category left join products p on p.sku = s.sku
      where true order by s.line
      on conflict (sku) do update set
        name = excluded.name, description = excluded.description, category_id = excluded.category_id, price = excluded.price,
        currency = excluded.currency, stock = excluded.stock, version = products.version + 1,
        updated_at = excluded.updated_at
        ${listed((column) => `${column} = excluded.${column}`)}
      where (products.name, products.description, products.category_id, products.price, products.currency, products.stock) is distinct from
        (excluded.name, excluded.description, excluded.category_id, excluded.price, excluded.currency, excluded.stock)`.execute(
        transaction
      )
    const written = Number(numAffectedRows)
    return {
      added: counts.added,
      updated: written - counts.added,
      unchanged: counts.total - written
    }
  }
}
