import { randomUUID } from 'node:crypto'
import type { IncomingMessage, Server } from 'node:http'
import { redactJson } from '@weir/internal'
import type { FastifyHttpOptions, FastifyRequest } from 'fastify'
import { logged, tracing } from '../active-tracing.js'
import { answerClientError } from './client-error.js'
import { instanceName, type ServiceEnv } from './env.js'
import { serializeError } from './error-serializer.js'
import { sendProblem, withoutQuery } from './problem.js'
import { ResponseLog } from './response-log.js'
import { buildValidator } from './validator.js'

type Options = FastifyHttpOptions<Server>
type ServiceServerOptions = Omit<Options, 'logger'> & {
  logger: Exclude<Options['logger'], boolean | undefined>
}

const secrets = ['authorization', 'cookie', 'set-cookie', 'x-api-key']

/**
 * Returns the options of every service's Fastify instance: logs, request ids, validation, timeouts,
 * and errors before a route is found.
 *
 * @example const app = fastify(serverOptions(env, { service: 'catalog' }))
 */
export function serverOptions (
  env: ServiceEnv,
  { service }: { service: string }
): ServiceServerOptions {
  return {
    logger: {
      level: env.LOG_LEVEL,
      base: { service, instance: instanceName(env, service), pid: process.pid },
      redact: {
        paths: secrets.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.headers["${name}"]`]),
        censor: '[redacted]'
      },
      mixin: () => logged(tracing()?.ids()),
      serializers: { err: serializeError, req: serializeRequest },
      hooks: { streamWrite: redactJson }
    },
    logController: new ResponseLog({ level: env.LOG_LEVEL, access: env.ACCESS_LOG }),
    genReqId: requestId,
    ...(env.TRUST_PROXY === undefined ? {} : { trustProxy: env.TRUST_PROXY }),
    schemaController: { compilersFactory: { buildValidator } },
    frameworkErrors (error, request, reply) {
      reply.header('x-request-id', request.id)
      sendProblem(error, request, reply)
    },
    clientErrorHandler: answerClientError,
    // The service plugin checks Host: Node would answer without a body.
    http: { requireHostHeader: false },
    // Limits for the arrival of a request, and for silence on a connection while it is answered.
    requestTimeout: 30_000,
    connectionTimeout: 60_000,
    forceCloseConnections: 'idle',
    // While closing, requests on open connections are still answered: readiness moves new ones
    // elsewhere.
    return503OnClosing: false
  }
}

/**
 * Like Fastify's own, but without the query, which may contain secrets. Any value may be logged as
 * `req`.
 */
function serializeRequest ({ method, url, host, ip, socket }: Partial<FastifyRequest>) {
  return {
    ...method !== undefined && { method },
    ...url !== undefined && { url: withoutQuery(url) },
    ...host !== undefined && { host },
    ...ip !== undefined && { remoteAddress: ip },
    ...socket?.remotePort !== undefined && { remotePort: socket.remotePort }
  }
}

/**
 * Returns the id from a proxy in front, so that both logs agree, if it is valid; otherwise a new
 * one.
 */
function requestId ({ headers }: IncomingMessage): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID()
}
