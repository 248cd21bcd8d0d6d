import Database from 'better-sqlite3'
import { type Test } from 'tap'

/** Opens a plain connection to the database beside the service's own, closed with the test. */
export function connect (t: Test, file: string): Database.Database {
  const database = new Database(file)
  t.teardown(() => { database.close() })
  return database
}
