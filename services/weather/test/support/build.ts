import { type FastifyInstance } from 'fastify'
import { type Test } from 'tap'
import { loadEnv } from '@weir/fastify/service'
import { buildApp } from '../../src/app.js'
import { weatherEnv } from '../../src/env.js'
import { tempDir } from './temp-dir.js'
import { answerTo } from './recorded.js'
import { json, startUpstream, type UpstreamServer } from './upstream-server.js'

/** Starts a server that has Berlin's weather for any clock. */
export function startBerlin (t: Test): Promise<UpstreamServer> {
  return startUpstream(t, (request, response) => {
    json(answerTo(request.url ?? ''), 200, { date: new Date().toUTCString() })(request, response)
  })
}

/** Returns an instance of the service in front of an upstream, closed with the test. */
export async function build (
  t: Test,
  upstream: { url: string },
  env: Record<string, string> = {}
): Promise<FastifyInstance> {
  const app = await buildApp(
    loadEnv(weatherEnv, {
      PORT: '0',
      INSTANCE: 'w',
      LOG_LEVEL: 'silent',
      RATE_LIMIT_ALLOW: '127.0.0.1',
      FORECAST_ORIGIN: upstream.url,
      GEOCODING_ORIGIN: upstream.url,
      DATA_DIR: await tempDir(t),
      ...env
    })
  )
  t.teardown(() => app.close())
  return app
}
