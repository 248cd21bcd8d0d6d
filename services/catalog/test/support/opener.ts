import { openCatalog } from '../../src/db/open.js'
import { listCategories } from '../../src/categories/store.js'
import { listProducts } from '../../src/products/list.js'

// Opens the database named by its first argument on request, and reports its contents.
process.once('message', () => {
  open().catch((error: unknown) => {
    process.send?.({ error: String(error) })
    process.exitCode = 1
  })
})
process.send?.('waiting')

async function open () {
  const [, , file = ''] = process.argv
  const database = await openCatalog(file)
  const { total } = await listProducts(database.read, { page: 1, limit: 1, sort: 'newest' })
  const categories = await listCategories(database.read)
  await database.close()
  process.send?.({ products: total, categories: categories.length })
  process.disconnect()
}
