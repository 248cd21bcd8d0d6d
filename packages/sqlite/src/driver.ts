import { createRequire } from 'node:module'
import type Database from 'better-sqlite3'
import { SqliteFileError } from './errors.js'

type Driver = new (file: string, options: Database.Options) => Database.Database

const require = createRequire(import.meta.url)

/**
 * Opens a connection with better-sqlite3, which is loaded with the first file.
 * @throws SqliteFileError WEIR_SQLITE_MISSING_DRIVER if it or its binary is not installed
 */
export function connect (file: string, options: Database.Options): Database.Database {
  const Driver = driver()
  return new Driver(file, options)
}

let loaded: Driver | undefined

function driver (): Driver {
  if (loaded !== undefined) return loaded
  try {
    const Found = require('better-sqlite3') as Driver
    // The package looks for its binary only when it first opens something.
    new Found(':memory:', {}).close()
    loaded = Found
    return Found
  } catch (cause) {
    const [why] = (cause instanceof Error ? cause.message : String(cause)).split('\n')
    throw new SqliteFileError('WEIR_SQLITE_MISSING_DRIVER', why ?? '', { cause })
  }
}
