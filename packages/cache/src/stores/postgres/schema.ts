import { hash } from 'node:crypto'
import { ENTRY_FUNCTIONS } from './entry-functions.js'
import { RECORD_FUNCTIONS } from './record-functions.js'

/**
 * The tables, all UNLOGGED: after a crash, and on a standby that has taken over, they are empty.
 *
 * Everything from before is then invalid, which causes misses, never stale reads. The tables depend
 * on each other: if one is missing, all are created anew, because an entry without the record of
 * its invalidation would look valid.
 *
 * `namespaces` has a row per namespace, whose lock orders its stamps. `epoch` distinguishes it from
 * a later row of the same name; `changed` is the clock at the last change of its records, `began`
 * the first floor, `tags` and `keys` the numbers of records. `records` has invalidations (of tags)
 * and replacements (of keys); `at` is the clock when the record was written. `entries` has the
 * frames, `fills` the leases to compute them.
 *
 * Ids are digests of names. Expiry follows the server's clock.
 */
const TABLES = `
CREATE UNLOGGED TABLE %namespaces (
  ns bigint PRIMARY KEY, name bytea NOT NULL, epoch uuid NOT NULL,
  clock bigint NOT NULL, changed bigint NOT NULL, floor bigint NOT NULL, began bigint NOT NULL, tags int NOT NULL, keys int NOT NULL
) WITH (fillfactor = 50);
CREATE UNLOGGED TABLE %records (
  id bytea PRIMARY KEY, ns bigint NOT NULL, is_key boolean NOT NULL, name bytea NOT NULL,
  stamp bigint NOT NULL, at bigint NOT NULL, until timestamptz
);
CREATE INDEX ON %records (ns, is_key, at, id);
CREATE INDEX ON %records (ns, until) WHERE until IS NOT NULL;
CREATE UNLOGGED TABLE %entries (
  id bytea PRIMARY KEY, stamp float8 NOT NULL, ends timestamptz NOT NULL, frame bytea NOT NULL, ns bigint, name bytea
);
ALTER TABLE %entries ALTER frame SET STORAGE EXTERNAL;
CREATE INDEX ON %entries (ends);
CREATE INDEX ON %entries (ns, id);
CREATE UNLOGGED TABLE %fills (
  id bytea PRIMARY KEY, token text NOT NULL, ends timestamptz NOT NULL, is_awaited boolean NOT NULL, waits bytea
) WITH (fillfactor = 50);
CREATE INDEX ON %fills (ends);
`

/** Alters tables of the previous version, whose frames have no names. */
const ADDED = `
ALTER TABLE %entries ADD COLUMN ns bigint, ADD COLUMN name bytea;
CREATE INDEX ON %entries (ns, id);
`

/** A SQL function: its parameters and result, its variables and its body. */
export interface SqlFunction {
  readonly takes: string
  readonly returns: string
  readonly declares?: string
  readonly does: string
}

const FUNCTIONS = { ...RECORD_FUNCTIONS, ...ENTRY_FUNCTIONS }

export type FunctionName = keyof typeof FUNCTIONS

/** The names of a store's tables and functions, and the statements that create them. */
export class Schema {
  /** The channel that notifies other instances. */
  readonly channel: string
  readonly #prefix: string
  readonly #version: string

  /** @param prefix of all names; a schema and a dot before it place them in that schema */
  constructor (prefix: string) {
    this.#prefix = `${prefix}_`
    this.channel = this.#prefix.replace('.', '_')
    this.#version = hash('sha256', JSON.stringify([TABLES, ADDED, FUNCTIONS])).slice(0, 8)
  }

  /**
   * Returns the call of a function.
   *
   * Functions have a different name in each version of this package, so instances of two versions
   * run side by side.
   */
  call (name: FunctionName, values: number): string {
    const places = Array.from({ length: values }, (_, i) => `$${i + 1}`)
    return `SELECT * FROM ${this.#nameOf(name)}(${places.join(', ')})`
  }

  /**
   * Creates the missing tables and functions in one statement, and so in one transaction.
   *
   * Several instances may do so at the same moment: a lock orders them, because IF NOT EXISTS does
   * not. The tables come last: nothing after them can fail, and Postgres (seen with 15) cannot
   * recover from a crash that follows the rollback of a CREATE UNLOGGED TABLE within a fraction of
   * a second.
   */
  get install (): string {
    const tables = ['namespaces', 'records', 'entries', 'fills'].map(
      (table) => this.#prefix + table
    )
    const isMissing = tables.map((table) => `to_regclass('${table}') IS NULL`).join(' OR ')
    const functions = Object.entries<SqlFunction>(FUNCTIONS).map(
      ([name, { takes, returns, declares = '', does }]) => `
      CREATE OR REPLACE FUNCTION ${this.#nameOf(name)}(${takes}) RETURNS ${returns} LANGUAGE plpgsql
      SET enable_seqscan = off SET plan_cache_mode = force_generic_plan SET jit = off SET client_min_messages = warning
      AS $function$ #variable_conflict use_column
      DECLARE ${declares}
      BEGIN ${this.#named(does)} END $function$;`
    )
    return `
      DO $do$ BEGIN
        PERFORM pg_advisory_xact_lock(hashtextextended('${this.#prefix}', 0));
        ${functions.join('\n')}
        IF ${isMissing} THEN
          DROP TABLE IF EXISTS ${tables.join(', ')};
          ${this.#named(TABLES)}
        ELSIF NOT EXISTS (
          SELECT FROM pg_attribute WHERE attrelid = to_regclass('${this.#prefix}entries') AND attname = 'ns'
        ) THEN
          ${this.#named(ADDED)}
        END IF;
      END $do$`
  }

  #nameOf (name: string): string {
    return `${this.#prefix}${name}_${this.#version}`
  }

  #named (sql: string): string {
    return sql.replace(/%(?=[a-z])/g, this.#prefix)
  }
}
