import { once } from 'node:events'
import conditional from '@weir/fastify/conditional'
import { ImmediateSqliteDialect } from '@weir/outbox'
import Database from 'better-sqlite3'
import { fastify, type FastifyInstance } from 'fastify'
import { Kysely, type Transaction } from 'kysely'

export interface ProductsSchema {
  products: { id: number, version: number, price: number }
}

export interface VersionedOptions {
  /** Locks the row that is read, if the database locks rows. */
  readonly forUpdate?: boolean
  /** Runs between the check and the write. */
  readonly checked?: () => Promise<void>
}

/**
 * A service whose products are written with If-Match, following the recipe of the conditional
 * plugin's documentation.
 */
export async function versionedProducts (
  db: Kysely<ProductsSchema>,
  options: VersionedOptions = {}
): Promise<FastifyInstance> {
  const { forUpdate = false, checked } = options
  const app = fastify()
  app.addHook('onClose', () => db.destroy())
  await app.register(conditional)

  const find = (trx: Transaction<ProductsSchema>, id: number) =>
    trx
      .selectFrom('products')
      .selectAll()
      .where('id', '=', id)
      .$if(forUpdate, (query) => query.forUpdate())
      .executeTakeFirst()

  app.put<{ Params: { id: number }; Body: { price: number } }>(
    '/products/:id',
    {
      schema: { params: { type: 'object', properties: { id: { type: 'integer' } } } }
    },
    async (request) =>
      db.transaction().execute(async (trx) => {
        const {
          params: { id },
          body: { price }
        } = request
        const product = await find(trx, id)
        request.checkPreconditions(product === undefined ? null : { etag: `"${product.version}"` })
        await checked?.()
        const version = (product?.version ?? 0) + 1
        await trx.updateTable('products').set({ price, version }).where('id', '=', id).execute()
        return { id, price, version }
      })
  )
  return app
}

// A process of its own: an instance with its own connection to the file.
const [, program, file] = process.argv
if (program === import.meta.filename && file !== undefined) {
  const app = await versionedProducts(
    new Kysely({ dialect: new ImmediateSqliteDialect({ database: new Database(file) }) })
  )
  console.log(await app.listen())
  // The pipe ends with the parent.
  await once(process.stdin.resume(), 'end')
  await app.close()
}
