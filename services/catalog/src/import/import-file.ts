import { open, stat } from 'node:fs/promises'
import { extname } from 'node:path'
import { type Transaction } from 'kysely'
import { engineOf } from '../db/engine.js'
import { openWriter } from '../db/open.js'
import { type CatalogSchema } from '../db/schema.js'
import { whileBusy } from '../db/while-busy.js'
import { checkDatabase } from './check-database.js'
import { csvRows } from './csv-rows.js'
import { ImportError } from './import-error.js'
import { checkRow } from './import-row.js'
import { ndjsonRows } from './ndjson-rows.js'
import { Problems, type RowProblem } from './problems.js'
import { type Progress } from './progress.js'
import { readText } from './read-text.js'
import { type Merged, Staging } from './staging.js'

/** Milliseconds to wait for other writers. */
const LOCK_TIMEOUT = 30_000

/** Result of an import: either all rows of the file are in the catalog, or none. */
export type ImportOutcome =
  | ({ readonly refused: false; readonly rows: number } & Merged)
  | {
    readonly refused: true
    readonly rows: number
    readonly bad: number
    readonly first: readonly RowProblem[]
  }

/**
 * Imports a CSV or NDJSON file into the catalog in `database`, a file or a URL of Postgres. Throws
 * an ImportError if the file is invalid, or `database` has no catalog.
 * @param merged additional work in the transaction that changes the catalog
 */
export async function importFile (
  file: string,
  database: string,
  progress: Progress,
  merged: (transaction: Transaction<CatalogSchema>) => Promise<void> = async () => {}
): Promise<ImportOutcome> {
  const info = await stat(file)
  if (info.isDirectory()) throw new ImportError(`${file} is a folder: name a file in it.`)
  const format = await formatOf(file)
  await checkDatabase(database)
  const db = await openWriter(database)
  try {
    const staging = await Staging.create(db)
    const problems = new Problems()
    let rows = 0
    progress.start(info.size)
    try {
      const text = readText(file, (bytes) => progress.advance(bytes, rows))
      for await (const raw of format === 'csv' ? csvRows(text) : ndjsonRows(text)) {
        rows += 1
        const checked = 'value' in raw ? checkRow(raw.value) : raw
        if ('row' in checked) await staging.add(raw.line, checked.row)
        else problems.add([{ line: raw.line, problem: checked.problem }])
      }
      await staging.flush()
    } finally {
      progress.stop(rows)
    }
    if (rows === 0) throw new ImportError('The file has no products.')

    progress.write(rows)
    const changes = await whileBusy(LOCK_TIMEOUT, () =>
      db.transaction().execute(async (transaction) => {
        await engineOf(transaction).lockProducts(transaction)
        const { count, first } = await staging.problems(transaction, Problems.SHOWN)
        problems.add(first, count)
        if (problems.count > 0) return undefined
        const changes = await staging.merge(transaction)
        await merged(transaction)
        return changes
      })
    )
    if (changes === undefined) {
      return { refused: true, rows, bad: problems.count, first: problems.first }
    }
    return { refused: false, rows, ...changes }
  } finally {
    await db.destroy()
  }
}

async function formatOf (file: string): Promise<'csv' | 'ndjson'> {
  const extension = extname(file).toLowerCase()
  if (extension === '.csv') return 'csv'
  if (extension === '.ndjson' || extension === '.jsonl') return 'ndjson'
  const handle = await open(file)
  try {
    const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(256), position: 0 })
    const beginning = buffer.toString('utf8', 0, bytesRead).replace(/^\uFEFF/, '').trimStart()
    if (beginning.startsWith('[')) {
      throw new ImportError(
        "The file is one JSON array: write one object per line instead (jq -c '.[]')."
      )
    }
    return beginning.startsWith('{') ? 'ndjson' : 'csv'
  } finally {
    await handle.close()
  }
}
