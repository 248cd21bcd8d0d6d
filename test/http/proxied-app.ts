import httpProxy, { type FastifyHttpProxyOptions } from '@fastify/http-proxy'
import { memoryStore } from '@weir/cache/memory'
import conditional from '@weir/fastify/conditional'
import invalidation from '@weir/fastify/invalidation'
import responseCache, {
  type ResponseCacheOptions,
  type RouteCacheOptions
} from '@weir/fastify/response-cache'
import Fastify, { type FastifyContextConfig, type FastifyInstance } from 'fastify'
import { type Test } from 'tap'
import { type Answer, open, type OpenAnswer, send, type Sent } from './client.js'
import { type Origin, startOrigin } from './origin.js'
import { Tally } from './tally.js'

export interface ProxiedOptions extends Partial<ResponseCacheOptions> {
  /** `config.cache` of the proxied route. */
  readonly cache?: RouteCacheOptions
  /** The rest of its `config`. */
  readonly config?: Omit<FastifyContextConfig, 'cache'>
  /** Default: an origin of its own. */
  readonly upstream?: Origin
  /** Options of Fastify, such as the server's protocol. */
  readonly server?: object
  /** Options of `@fastify/http-proxy`. */
  readonly proxy?: Partial<FastifyHttpProxyOptions>
}

/** An application that is just a shared cache in front of an origin. */
export interface Proxied {
  readonly app: FastifyInstance
  readonly origin: Origin
  readonly url: string
  readonly get: (path: string, headers?: Sent['headers']) => Promise<Answer>
  readonly send: (method: string, path: string, sent?: Omit<Sent, 'method'>) => Promise<Answer>
  /** Resolves when the head of the response has arrived. */
  readonly open: (
    path: string,
    headers?: Sent['headers'],
    signal?: AbortSignal
  ) => Promise<OpenAnswer>
  /**
   * Resolves when `count` requests for `path` have reached the application in all, including its
   * own.
   */
  readonly arrived: (path: string, count: number) => Promise<void>
  /** Resolves when it has completed `count` responses. */
  readonly answered: (path: string, count: number) => Promise<void>
  /** Resolves when `count` clients have disconnected before their response ended. */
  readonly aborted: (path: string, count: number) => Promise<void>
}

/**
 * Starts one on a port of its own, with the plugins in the README's order; it closes with the test.
 */
export async function proxiedApp (
  t: Test,
  { cache = {}, config = {}, upstream, server = {}, proxy = {}, ...options }: ProxiedOptions = {}
): Promise<Proxied> {
  const origin = upstream ?? (await startOrigin(t))
  const app = Fastify(server)
  t.teardown(() => app.close())
  const [arrivals, answers, aborts] = [new Tally(), new Tally(), new Tally()]
  app.addHook('onRequest', async (request, reply) => {
    arrivals.add(request.url)
    reply.raw.once('close', () => {
      if (!reply.raw.writableFinished) aborts.add(request.url)
    })
  })
  app.addHook('onResponse', async (request) => {
    answers.add(request.url)
  })
  await app.register(conditional)
  await app.register(responseCache, { store: memoryStore(), ...options })
  await app.register(invalidation)
  // The default would be to retry ten times after a 503.
  await app.register(httpProxy, {
    upstream: origin.url,
    config: { cache, ...config },
    retryMethods: [],
    ...proxy
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return {
    app,
    origin,
    url,
    get: (path, headers = {}) => send(url + path, { headers }),
    send: (method, path, sent = {}) => send(url + path, { ...sent, method }),
    open: (path, headers = {}, signal) =>
      open(url + path, { headers, ...(signal !== undefined && { signal }) }),
    arrived: (path, count) => arrivals.reached(path, count),
    answered: (path, count) => answers.reached(path, count),
    aborted: (path, count) => aborts.reached(path, count)
  }
}
