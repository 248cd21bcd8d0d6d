import { dirname } from 'node:path'
import { loadEnv } from '@weir/fastify/service'
import { isBusy } from '../db/while-busy.js'
import { type CatalogEnv, catalogEnv, databaseFile } from '../env.js'
import { parseArguments, usage } from './arguments.js'
import { importFile } from './import-file.js'
import { invalidateCatalog } from './invalidate-catalog.js'
import { createProgress } from './progress.js'

process.exitCode = await main(process.argv.slice(2))

/** Runs the import; the result is the exit code: 0 done, 1 nothing imported (or nobody told), 2 wrong arguments. */
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

async function runImport ({ file, database }: { file: string, database: string | undefined }): Promise<number> {
  let env: CatalogEnv
  try {
    env = loadEnv(catalogEnv)
    const outcome = await importFile(file, database ?? databaseFile(env), createProgress(process.stderr))
    if (outcome.refused) {
      for (const { line, problem } of outcome.first) process.stderr.write(`line ${line}: ${problem}\n`)
      if (outcome.bad > outcome.first.length) process.stderr.write(`… and ${outcome.bad - outcome.first.length} more\n`)
      process.stderr.write(`Nothing was imported: ${outcome.bad} of ${outcome.rows} rows are bad.\n`)
      return 1
    }
    process.stdout.write(`Imported ${outcome.rows} rows: ${outcome.added} new, ${outcome.updated} updated, ${outcome.unchanged} unchanged.\n`)
  } catch (error) {
    process.stderr.write(`Nothing was imported. ${explain(error, file)}\n`)
    return 1
  }
  try {
    // The instances that share a database share the folder it is in.
    await invalidateCatalog(database === undefined ? env : { ...env, DATA_DIR: dirname(database) })
    return 0
  } catch (error) {
    process.stderr.write('The products are in, but running instances could not be told, and may show what they had cached until it expires. ' +
      `Run the import again to tell them. ${explain(error, file)}\n`)
    return 1
  }
}

function explain (error: unknown, file: string): string {
  if (!(error instanceof Error)) return String(error)
  if (isBusy(error)) return 'The catalog is being written by somebody else: try again in a moment.'
  if ('code' in error && 'path' in error && error.path === file) {
    if (error.code === 'ENOENT') return `There is no file ${file}.`
    if (error.code === 'EACCES') return `${file} may not be read.`
  }
  return error.message
}
