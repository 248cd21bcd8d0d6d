import { join } from 'node:path'
import { serviceEnv } from '@weir/fastify/service'
import { type Static, Type } from 'typebox'

/** What the catalog reads from its environment. */
export const catalogEnv = Type.Object({
  ...serviceEnv.properties,
  PORT: Type.Integer({ minimum: 0, maximum: 65_535, default: 4101, description: '0: any free port' })
})
export type CatalogEnv = Static<typeof catalogEnv>

/** The database that all instances with the same DATA_DIR share. */
export function databaseFile ({ DATA_DIR }: { DATA_DIR: string }): string {
  return join(DATA_DIR, 'catalog.db')
}
