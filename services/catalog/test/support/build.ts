import { type FastifyInstance } from 'fastify'
import { type Test } from 'tap'
import { loadEnv } from '@weir/fastify/service'
import { buildApp } from '../../src/app.js'
import { catalogEnv } from '../../src/env.js'
import { access } from './access.js'
import { place } from './place.js'
import { tempDir } from './temp-dir.js'

/**
 * Returns an instance of the catalog over the sample shop in `directory` (a new one unless given),
 * closed with the test.
 */
export async function build (
  t: Test,
  directory?: string,
  env: Record<string, string> = access
): Promise<FastifyInstance> {
  const folder = directory ?? (await tempDir(t))
  const database = await place.databaseIn?.(folder)
  const app = await buildApp(
    loadEnv(catalogEnv, {
      PORT: '0',
      LOG_LEVEL: 'silent',
      DATA_DIR: folder,
      ...(database !== undefined && { DATABASE_URL: database }),
      ...env
    })
  )
  t.teardown(() => app.close())
  return app
}
