import cors from '@fastify/cors'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type {} from '../cache-control/index.js'
import { checkOptionNames, type OptionNames } from '../plugin-options.js'
import { answerConnect } from './client-error.js'
import { closing } from './closing.js'
import { health, type HealthOptions } from './health.js'
import { jsonBodies } from './json.js'
import { answerOptions, Methods, notFound } from './methods.js'
import { openapi, type OpenapiOptions } from './openapi.js'
import { overload, type OverloadOptions } from './overload.js'
import { pathOf, sendProblem } from './problem.js'
import { checkProtocol } from './protocol.js'
import { securityHeaders } from './security-headers.js'

export { closing } from './closing.js'
export { clientsEnv, JwtSecret, listed } from './clients-env.js'
export { databaseOf, databaseUrl, isPostgres } from './database.js'
export { serviceEnv, loadEnv, instanceName, telemetryOf, type ServiceEnv } from './env.js'
export { expected, type RefusalLevel } from '../refusals.js'
export { instanceCount, type InstanceCountEnv } from './instance-count.js'
export { serverOptions } from './server-options.js'
export { NoQuery } from './no-query.js'
export { problems, ProblemSchema, sendProblem, type Problem } from './problem.js'
export { start, bootFailed } from './start.js'

export interface ServiceOptions extends HealthOptions, OpenapiOptions, OverloadOptions {}

const NAME = 'weir-service'
const OPTIONS: OptionNames<ServiceOptions> = {
  name: true,
  version: true,
  title: true,
  description: true,
  securitySchemes: true,
  transform: true,
  checks: true,
  maxEventLoopDelay: true
}

/**
 * The basics of every service: security headers, CORS, request ids, problem+json errors, JSON in
 * UTF-8, OPTIONS and 405 with Allow, load shedding, health, OpenAPI, and a shutdown with a time
 * limit. Register it first: its hooks and handlers apply to everything registered later.
 *
 * @example
 * const app = fastify(serverOptions(env, { service: 'catalog' }))
 * await app.register(service, {
 *   name: 'catalog',
 *   version: '1.0.0',
 *   title: 'Catalog',
 *   description: 'Products and categories'
 * })
 */
async function service (app: FastifyInstance, options: ServiceOptions) {
  checkOptionNames(NAME, options, OPTIONS)
  closing(app)
  const security = await securityHeaders()
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(security).header('x-request-id', request.id)
    done()
  })
  app.addHook('onSend', (request, reply, _payload, done) => {
    const { cache, cacheControl } = request.routeOptions.config
    // Cached routes, and routes that declare it, set their own Cache-Control.
    const isSaidLater = Boolean(cache) || (cacheControl !== undefined && reply.statusCode < 400)
    if (!isSaidLater && !reply.hasHeader('cache-control')) {
      reply.header(
        'cache-control',
        reply.statusCode >= 200 && reply.statusCode < 300 ? 'no-cache' : 'no-store'
      )
    }
    done()
  })
  // A route uses the error handler that is set when it is declared.
  app.setErrorHandler(sendProblem)
  checkProtocol(app)
  answerConnect(app.server)
  jsonBodies(app)
  const methods = new Methods(app)
  await app.register(cors, {
    origin: '*',
    // Preflights are handled like other OPTIONS requests: see `answerOptions`.
    preflightContinue: true,
    strictPreflight: false,
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: [
      'Accept-Patch',
      'Age',
      'Allow',
      'Cache-Status',
      'ETag',
      'Location',
      'RateLimit',
      'RateLimit-Policy',
      'Retry-After',
      'WWW-Authenticate',
      'X-Request-Id'
    ]
  })
  answerOptions(app, methods)
  app.setNotFoundHandler((request, reply) => {
    sendProblem(notFound(request, pathOf(request), methods), request, reply)
  })
  overload(app, options)
  await openapi(app, options)
  health(app, options)
}

export default fp(service, { name: NAME, fastify: '5.x' })
