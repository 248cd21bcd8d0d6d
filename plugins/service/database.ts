import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Type } from 'typebox'

/**
 * Returns the schema of DATABASE_URL: a URL of Postgres, or a file; other schemes are mistakes.
 * @param what subject of the description, such as `the database of page views`
 * @param file name of the default file, in DATA_DIR
 * @example
 * const env = Type.Object({
 *   ...serviceEnv.properties,
 *   DATABASE_URL: Type.Optional(databaseUrl('the database', 'catalog.db'))
 * })
 */
export const databaseUrl = (what: string, file: string) =>
  Type.String({
    pattern: '^(?:postgres(?:ql)?://\\S+|file:\\S+|(?![a-zA-Z][a-zA-Z0-9+.-]+:).+)$',
    description:
      `${what}: postgres://user:password@host:5432/database, or the path of an SQLite file ` +
      `(${file} in DATA_DIR)`
  })

/**
 * Returns the location of a service's database, a URL or a file, the same for all its instances.
 * @param file name of the file in DATA_DIR that is used without DATABASE_URL
 * @example
 * const location = databaseOf(env, 'catalog.db')
 * const db = isPostgres(location) ? await openPostgres(location) : openFile(location)
 */
export function databaseOf (
  env: { readonly DATABASE_URL?: string, readonly DATA_DIR: string },
  file: string
): string {
  const { DATABASE_URL: url } = env
  if (url === undefined) return join(env.DATA_DIR, file)
  if (url.startsWith('file://')) return fileURLToPath(url)
  return url.startsWith('file:') ? resolve(url.slice('file:'.length)) : url
}

/**
 * Returns whether a database's location is a URL of Postgres; else it is a file.
 * @example isPostgres('postgres://shop@127.0.0.1/shop') // true
 */
export const isPostgres = (location: string): boolean => /^postgres(?:ql)?:\/\//.test(location)
