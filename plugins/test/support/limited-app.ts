import type { Test } from 'tap'
import {
  fastify,
  type FastifyInstance,
  type FastifyServerOptions,
  type InjectOptions,
  type LightMyRequestResponse
} from 'fastify'
import { memoryStore } from '@weir/limiter'
import rateLimit, { type RateLimitOptions } from '../../rate-limit/index.js'
import service, { serverOptions } from '../../service/index.js'
import { options as serviceOptions, testEnv } from './service-app.js'

/**
 * Returns a service with rate limits that do not recover within a test; it closes with the test.
 */
export async function limitedApp (
  t: Test, options: Partial<RateLimitOptions> = {}, server: FastifyServerOptions = {}
): Promise<FastifyInstance> {
  const app = fastify({
    ...serverOptions(testEnv({ LOG_LEVEL: 'silent' }), { service: 'demo' }),
    ...server
  })
  t.teardown(() => app.close())
  await app.register(service, serviceOptions)
  await app.register(rateLimit, { store: memoryStore(), ...options })
  return app
}

/** Returns the limits in a response: its status, the remaining budget, and the time to wait. */
export function standing ({ statusCode, headers }: LightMyRequestResponse) {
  return [statusCode, headers['ratelimit'], headers['retry-after']]
}

/** Sends requests one after the other, and returns their statuses. */
export async function statuses (
  app: FastifyInstance,
  count: number,
  request: InjectOptions
): Promise<number[]> {
  const found: number[] = []
  for (let i = 0; i < count; i++) found.push((await app.inject(request)).statusCode)
  return found
}
