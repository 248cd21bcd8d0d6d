import { openCatalog } from '../../src/db/open.js'

// Opens, and thereby creates, the database named by its first argument.
const [, , file = ''] = process.argv
const database = await openCatalog(file)
await database.close()
