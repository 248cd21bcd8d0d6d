export type { Write, WriteBehindOptions } from './options.js'
export {
  type DeadWritesTable,
  type WriteBehindSchema,
  writeBehindMigration,
  type WriteQueuesTable,
  type WritesTable
} from './table.js'
export { type DeadWrite, writeBehind, type WriteBehind } from './write-behind.js'
