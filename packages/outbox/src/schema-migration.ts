import type { Dialect } from 'kysely'

/** A database of any schema, as dialects accept it. */
type AnyDatabase = Parameters<Dialect['createIntrospector']>[0]

/**
 * A Kysely migration, assignable to Kysely's own type `Migration`, which `kysely` exports in 0.28
 * and `kysely/migration` in 0.29.
 */
export interface SchemaMigration {
  up (db: AnyDatabase): Promise<void>
  down (db: AnyDatabase): Promise<void>
}
