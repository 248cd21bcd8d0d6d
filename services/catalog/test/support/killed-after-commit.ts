import { mock } from 'node:test'
import Database from 'better-sqlite3'

/*
 * Runs a program that invalidates through the outbox, and kills it, like kill -9, as soon as that
 * is committed. Its arguments: the database's file, the module of the program, and the arguments of
 * that.
 */
const [, , , program = '', ...args] = process.argv
process.argv.splice(1, Infinity, program, ...args)

let hasInvalidation = false
// eslint-disable-next-line @typescript-eslint/unbound-method -- called on its own object
const { prepare } = Database.prototype
mock.method(Database.prototype, 'prepare', function (this: Database.Database, source: string) {
  if (/^insert into "weir_outbox_tags"/i.test(source)) hasInvalidation = true
  if (source === 'commit' && hasInvalidation) {
    this.exec(source)
    process.kill(process.pid, 'SIGKILL')
  }
  return prepare.call(this, source)
})
await import(program)
