import httpProxy from '@fastify/http-proxy'
import { memoryStore } from '@weir/cache/memory'
import { gatewayOptions } from '@weir/fastify/gateway'
import invalidation from '@weir/fastify/invalidation'
import responseCache from '@weir/fastify/response-cache'
import Fastify, { type FastifyServerOptions } from 'fastify'
import { type Test } from 'tap'
import { type Answer, send, type Sent } from '../http/client.js'

/** An application in front of an origin, composed like examples/proxy. */
export interface GatewayApp {
  readonly url: string
  readonly send: (method: string, path: string, sent?: Omit<Sent, 'method'>) => Promise<Answer>
}

/** Starts one on a port of its own; it closes with the test. */
export async function gatewayApp (
  t: Test,
  origin: string,
  { timeout = 30_000, ...options }: FastifyServerOptions & { readonly timeout?: number } = {}
): Promise<GatewayApp> {
  const app = Fastify(options)
  t.teardown(() => app.close())
  const gateway = gatewayOptions(app, { origin, timeout })
  await app.register(responseCache, { store: memoryStore() })
  await app.register(invalidation)
  await app.register(httpProxy, { ...gateway, config: { cache: {} } })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return { url, send: (method, path, sent = {}) => send(url + path, { ...sent, method }) }
}
