import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type MetricsStore } from '@weir/metrics'
import { sqliteStore } from '@weir/metrics/sqlite'
import { loadEnv } from '@weir/fastify/service'
import { type FastifyInstance } from 'fastify'
import { type Test } from 'tap'
import { buildApp } from '../../src/app.js'
import { statsEnv } from '../../src/env.js'
import { tempDir } from './temp-dir.js'

/**
 * Builds the service over the files in `directory` (a new one unless given); closed with the test.
 */
export async function build (
  t: Test,
  directory?: string,
  env: Record<string, string> = {}
): Promise<FastifyInstance> {
  const app = await buildApp(
    loadEnv(statsEnv, {
      PORT: '0',
      INSTANCE: 'stats-1',
      LOG_LEVEL: 'silent',
      RATE_LIMIT_ALLOW: '127.0.0.1',
      DATA_DIR: directory ?? (await tempDir(t)),
      ...env
    })
  )
  t.teardown(() => app.close())
  return app
}

/** Opens the metrics store of instances with this data folder; closed with the test. */
export async function metricsIn (t: Test, directory: string): Promise<MetricsStore> {
  await mkdir(directory, { recursive: true })
  const store = sqliteStore({ file: join(directory, 'metrics.db') })
  t.teardown(() => store.close())
  return store
}
