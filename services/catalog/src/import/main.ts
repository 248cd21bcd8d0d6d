import { dirname } from 'node:path'
import { databaseOf, isPostgres, loadEnv } from '@weir/fastify/service'
import { isBusy } from '../db/while-busy.js'
import { catalogEnv, DATABASE_FILE } from '../env.js'
import { parseArguments, usage } from './arguments.js'
import { ImportError } from './import-error.js'
import { importFile } from './import-file.js'
import { type CatalogInvalidation, catalogInvalidation } from './invalidate-catalog.js'
import { createProgress } from './progress.js'

process.exitCode = await main(process.argv.slice(2))

/** Runs the import and returns the exit code: 0 done, 1 nothing imported, 2 wrong arguments. */
async function main (args: readonly string[]): Promise<number> {
  const parsed = parseArguments(args)
  if (parsed.kind === 'help') {
    process.stdout.write(usage)
    return 0
  }
  if (parsed.kind === 'wrong') {
    process.stderr.write(`${parsed.problem}\n\n${usage}`)
    return 2
  }
  return await runImport(parsed)
}

async function runImport ({
  file,
  database
}: {
  file: string
  database: string | undefined
}): Promise<number> {
  let invalidation: CatalogInvalidation | undefined
  try {
    const env = loadEnv(catalogEnv)
    const location = database ?? databaseOf(env, DATABASE_FILE)
    // Instances that share an SQLite file share its folder.
    const folder = isPostgres(location) ? env.DATA_DIR : dirname(location)
    invalidation = catalogInvalidation({ ...env, DATA_DIR: folder }, location)
    const outcome = await importFile(
      file,
      location,
      createProgress(process.stderr),
      invalidation.add
    )
    if (outcome.refused) {
      for (const { line, problem } of outcome.first) {
        process.stderr.write(`line ${line}: ${problem}\n`)
      }
      if (outcome.bad > outcome.first.length) {
        process.stderr.write(`… and ${outcome.bad - outcome.first.length} more\n`)
      }
      process.stderr.write(
        `Nothing was imported: ${outcome.bad} of ${outcome.rows} rows are bad.\n`
      )
      return 1
    }
    process.stdout.write(
      `Imported ${outcome.rows} rows: ${outcome.added} new, ${outcome.updated} updated, ${outcome.unchanged} unchanged.\n`
    )
    await tellInstances(invalidation)
    return 0
  } catch (error) {
    process.stderr.write(`Nothing was imported. ${explain(error, file)}\n`)
    return 1
  } finally {
    await invalidation?.close()
  }
}

/**
 * Never fails: an invalidation that cannot be delivered from here waits in the outbox, and no
 * instance uses its cache before it is delivered.
 */
async function tellInstances (invalidation: CatalogInvalidation): Promise<void> {
  let reason = 'The shared cache does not answer.'
  try {
    if (await invalidation.deliver() === 'delivered') return
  } catch (error) {
    reason = error instanceof Error ? error.message : String(error)
  }
  process.stderr.write(
    'Cached responses could not be invalidated from here: the running instances do so, or the ' +
    `first one to start. ${reason}\n`
  )
}

function explain (error: unknown, file: string): string {
  if (!(error instanceof Error)) return String(error)
  if (isBusy(error)) return 'Another process is writing to the catalog: try again in a moment.'
  if ('code' in error && 'path' in error && error.path === file) {
    if (error.code === 'ENOENT') return `The file ${file} does not exist.`
    if (error.code === 'EACCES') return `The file ${file} is not readable.`
  }
  return error instanceof ImportError && error.code !== undefined
    ? `${error.code}: ${error.message}`
    : error.message
}
