import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Returns whether a location of the catalog's database is a URL of Postgres; else it is a file. */
export const isPostgres = (location: string): boolean => /^postgres(?:ql)?:\/\//.test(location)

/**
 * Returns the location of the database, shared by all instances with the same settings:
 * DATABASE_URL, or a file in DATA_DIR.
 */
export function databaseOf ({
  DATABASE_URL: url,
  DATA_DIR
}: {
  readonly DATABASE_URL?: string
  readonly DATA_DIR: string
}): string {
  if (url === undefined) return join(DATA_DIR, 'catalog.db')
  if (url.startsWith('file://')) return fileURLToPath(url)
  return url.startsWith('file:') ? resolve(url.slice('file:'.length)) : url
}
