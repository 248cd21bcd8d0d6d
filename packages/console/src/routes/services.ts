import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { NoQuery, problems } from '@weir/fastify/service'
import { Type } from 'typebox'
import { type Collector } from '../collector/collector.js'
import { isAlive, type Presence } from '../collector/presence.js'
import { asOf, orNull } from './schemas.js'
import { cachedIn } from './source.js'

const Path = Type.String({ examples: ['/api/products/1'] })

const ServicesSchema = Type.Object({
  asOf,
  apiDocs: Type.Union([Path, Type.Null()], {
    description: 'Path of the API descriptions of this application'
  }),
  caches: Type.Boolean({ description: 'Whether this console has a store of caches' }),
  login: Type.Boolean({ description: 'Whether this console has a login link' }),
  services: Type.Array(
    Type.Object({
      service: Type.String(),
      instances: Type.Array(Type.String(), { description: 'Names of live instances' }),
      publicUrl: orNull(
        Type.String({ description: 'Address for clients; null if it is that of the console' })
      ),
      namespace: orNull(Type.String({ description: 'Namespace of its response cache' })),
      cacheAdmin: Type.Array(Path, { description: 'Prefixes of its cache-admin routes' }),
      demos: Type.Record(Type.String(), Path, {
        description: 'Demos of the console that use the service, by name'
      }),
      routes: Type.Array(
        Type.Object({
          url: Type.String({ description: 'Route pattern', examples: ['/api/products/:id'] }),
          cached: Type.Boolean({ description: 'Whether its responses are cached' }),
          examples: Type.Array(Path),
          tags: Type.Array(Type.String(), { description: 'Tags that all its responses share' })
        }),
        { description: 'GET routes that are cached or have examples' }
      )
    })
  )
})

/** Default paths of API descriptions, such as those of `@fastify/swagger-ui`. */
const DOCS = ['/docs', '/docs/']

export interface ServicesRouteOptions {
  readonly collector: Collector
  readonly hasCaches: boolean
  readonly hasLogin: boolean
}

/** GET api/stats/services: the services and the details they announce. */
export const servicesRoute: FastifyPluginAsyncTypebox<ServicesRouteOptions> = async (
  app,
  { collector, hasCaches: caches, hasLogin: login }
) => {
  app.get('/api/stats/services', {
    schema: {
      tags: ['stats'],
      summary: 'Services and what they announce: address, cached routes, administration',
      querystring: NoQuery,
      response: { 200: ServicesSchema, ...problems }
    },
    config: cachedIn(app)
  }, async () => {
    const { asOf } = collector.currency(Date.now())
    const names = [...new Set(collector.presences.map(({ state }) => state.service))].sort()
    const apiDocs = DOCS.some((url) => app.hasRoute({ method: 'GET', url })) ? '/docs' : null
    const services = names.map((service) => serviceOf(service, collector.presences))
    return { asOf, apiDocs, caches, login, services }
  })
}

/** Returns the details of a service, from its latest process that announces any. */
function serviceOf (service: string, all: readonly Presence[]) {
  const presences = all.filter(({ state }) => state.service === service)
  const lastSeenAt = Math.max(...presences.map((presence) => presence.lastSeenAt))
  const [latest] = presences
    .flatMap(({ state }) => (state.announced === undefined ? [] : [state]))
    .sort((a, b) => b.startedAt - a.startedAt)
  const { publicUrl = null, namespace = null, cacheAdmin = [], demos = {}, routes = [] } =
    latest?.announced ?? {}
  return {
    service,
    instances: presences
      .filter((presence) => isAlive(presence, lastSeenAt))
      .map(({ state }) => state.instance),
    publicUrl,
    namespace,
    cacheAdmin: [...cacheAdmin],
    demos: { ...demos },
    routes: routes.map((route) => ({
      ...route,
      examples: [...route.examples],
      tags: [...route.tags]
    }))
  }
}
