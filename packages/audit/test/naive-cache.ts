import type { FastifyReply, FastifyRequest } from 'fastify'

/** Conditions of a sound shared cache, by name. */
const RULES = {
  method: ({ method }: FastifyRequest) => method === 'GET',
  authorization: ({ headers }: FastifyRequest) => headers.authorization === undefined,
  cookie: ({ headers }: FastifyRequest) => headers.cookie === undefined,
  'x-api-key': ({ headers }: FastifyRequest) => headers['x-api-key'] === undefined,
  range: ({ headers }: FastifyRequest) => headers.range === undefined,
  'set-cookie': (_request: FastifyRequest, reply: FastifyReply) => !reply.hasHeader('set-cookie'),
  vary: (_request: FastifyRequest, reply: FastifyReply) => !reply.hasHeader('vary'),
  'cache-control': (_request: FastifyRequest, reply: FastifyReply) =>
    !/private|no-store/.test(String(reply.getHeader('cache-control')))
} as const

/** Decisions of a cache in hooks. The defaults are sound. */
export interface NaiveOptions {
  readonly key?: (request: FastifyRequest) => string
  /** Conditions that the cache forgets. */
  readonly lax?: readonly (keyof typeof RULES)[]
  readonly statuses?: readonly number[]
  /** Requests for which it stores nothing. */
  readonly unless?: (request: FastifyRequest) => boolean
  /** Whether hits have X-Cache. */
  readonly header?: boolean
}

interface Stored {
  readonly status: number
  readonly headers: Record<string, string | string[] | number | undefined>
  readonly payload: unknown
}

/** A cache as apps write it: a Map in hooks of a route. */
export function naiveCache (options: NaiveOptions) {
  const {
    key = (request) => `${request.method} ${request.host} ${request.url}`,
    lax = [],
    statuses = [200],
    unless = () => false,
    header = false
  } = options
  const entries = new Map<string, Stored>()
  const isStored = (request: FastifyRequest, reply: FastifyReply) =>
    !unless(request) && statuses.includes(reply.statusCode) &&
    Object.entries(RULES).every(([name, isMet]) =>
      lax.some((one) => one === name) || isMet(request, reply))
  return {
    onRequest: (request: FastifyRequest, reply: FastifyReply, done: () => void) => {
      const entry = entries.get(key(request))
      if (entry === undefined) {
        done()
        return
      }
      if (header) reply.header('x-cache', 'HIT')
      reply.code(entry.status).headers(entry.headers).send(entry.payload)
    },
    onSend: async (request: FastifyRequest, reply: FastifyReply, payload: unknown) => {
      if (!entries.has(key(request)) && isStored(request, reply)) {
        entries.set(key(request), {
          status: reply.statusCode,
          headers: { ...reply.getHeaders(), 'content-length': undefined },
          payload
        })
      }
      return payload
    }
  }
}
