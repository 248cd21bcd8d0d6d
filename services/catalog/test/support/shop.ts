import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Test } from 'tap'
import { openCatalog } from '../../src/db/open.js'
import { connect } from './database.js'
import { tempDir } from './temp-dir.js'

/**
 * File that adds two products; the first one's description has a line break, and there is a blank
 * line.
 */
export const twoProducts = 'sku,name,category,price,stock,description\n' +
  'X-1,Tin Mug,tableware,899,5,"A mug, of tin\r\nthat lasts"\n' +
  '\n' +
  'X-2,"The ""Big"" Pot",cookware,4900,,\n'

/** Creates a data folder with the sample shop, for imports. */
export async function shop (t: Test) {
  const directory = await tempDir(t)
  const database = join(directory, 'catalog.db')
  await (await openCatalog(database)).close()
  return {
    directory,
    database,
    env: { DATA_DIR: directory, REDIS_URL: undefined },
    /** Writes a file into the folder. */
    file: async (name: string, content: string | Buffer) => {
      const file = join(directory, name)
      await writeFile(file, content)
      return file
    },
    /** Returns the single value of a query. */
    value: (query: string): unknown => connect(t, database).prepare(query).pluck().get()
  }
}
