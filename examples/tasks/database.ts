import { ImmediateSqliteDialect, outboxMigration, type OutboxSchema } from '@weir/outbox'
import Database from 'better-sqlite3'
import { type Generated, Kysely, Migrator } from 'kysely'

export interface Task {
  readonly id: number
  readonly owner: string
  readonly title: string
  readonly done: number
}

export interface Schema extends OutboxSchema {
  tasks: Omit<Task, 'id'> & { id: Generated<number> }
}

const migrations = {
  '1-outbox': outboxMigration,
  '2-tasks': {
    async up (db: Kysely<unknown>) {
      await db.schema.createTable('tasks')
        .addColumn('id', 'integer', (column) => column.primaryKey())
        .addColumn('owner', 'text', (column) => column.notNull())
        .addColumn('title', 'text', (column) => column.notNull())
        .addColumn('done', 'integer', (column) => column.notNull().defaultTo(0))
        .execute()
    }
  }
}

/** Counts the database queries for tasks. */
export const counts = { reads: 0 }

export async function openDatabase (file: string): Promise<Kysely<Schema>> {
  const db = new Kysely<Schema>({
    dialect: new ImmediateSqliteDialect({ database: new Database(file) }),
    log: ({ query }) => { if (/^select .* from "tasks"/.test(query.sql)) counts.reads++ }
  })
  const provider = { getMigrations: async () => migrations }
  const { error } = await new Migrator({ db, provider }).migrateToLatest()
  if (error !== undefined) throw new Error('The database cannot be migrated', { cause: error })
  return db
}
