import swagger, { type FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'

type Components = NonNullable<NonNullable<FastifyDynamicSwaggerOptions['openapi']>['components']>

export interface OpenapiOptions {
  title: string
  version: string
  description: string
  /** Security schemes that routes name in their `security`: those of `@weir/fastify/auth`. */
  securitySchemes?: NonNullable<Components['securitySchemes']>
  /** Changes a route's description, not its behavior: `transform` of @fastify/swagger. */
  transform?: NonNullable<FastifyDynamicSwaggerOptions['transform']>
}

/**
 * Publishes the routes' schemas as OpenAPI: `/docs` for readers, `/docs/json` for programs.
 * Includes the routes registered after it.
 */
export async function openapi (app: FastifyInstance, info: OpenapiOptions): Promise<void> {
  const { title, version, description, securitySchemes = {}, transform } = info
  await app.register(swagger, {
    ...(transform !== undefined && { transform }),
    openapi: {
      openapi: '3.1.0',
      info: { title, version, description },
      components: { securitySchemes }
    }
  })
  await app.register(async (docs) => {
    docs.addHook('onSend', (_request, reply, _payload, done) => {
      reply.header('cache-control', 'no-store')
      done()
    })
    await docs.register(swaggerUi, {
      routePrefix: '/docs',
      theme: { title: info.title },
      // Only these pages have scripts and styles: the API's own policy allows none.
      staticCSP: {
        'default-src': "'none'",
        'script-src': "'self'",
        'style-src': ["'self'", "'unsafe-inline'"],
        'img-src': ["'self'", 'data:'],
        'connect-src': "'self'",
        'base-uri': "'none'",
        'frame-ancestors': "'none'"
      }
    })
  })
}
