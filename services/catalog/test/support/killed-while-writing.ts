import { statSync } from 'node:fs'
import { mock } from 'node:test'
import Database from 'better-sqlite3'

/*
 * Runs a program that writes a large transaction, and kills it half-way, like kill -9: before the
 * first statement that finds the write-ahead log beyond a megabyte. Its arguments: the database's
 * file, the module of the program, and the arguments of that.
 */
const BEYOND = 1_000_000

const [, , file = '', program = '', ...args] = process.argv
process.argv.splice(1, Infinity, program, ...args)

// eslint-disable-next-line @typescript-eslint/unbound-method -- called on its own object
const { prepare } = Database.prototype
mock.method(Database.prototype, 'prepare', function (this: Database.Database, source: string) {
  // Beyond the size of its cache, SQLite writes data before the commit.
  if (source === 'begin immediate') this.pragma('cache_size = 16')
  if ((statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) > BEYOND) {
    process.kill(process.pid, 'SIGKILL')
  }
  return prepare.call(this, source)
})
await import(program)
