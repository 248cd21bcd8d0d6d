import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { NoQuery, problems } from '@weir/fastify/service'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { labNotForgotten } from '../errors.js'
import { formLimit, labLimit } from '../limits.js'
import { html } from '../pages/schemas.js'
import { type Shop } from '../pages/shop.js'
import { KEPT_FOR, type Lab } from './lab.js'
import { type Way } from './load.js'
import { labPage } from './page.js'
import { ForgetForm, LabQuery, RunQuery, RunSchema } from './schemas.js'

export interface LabRoutesOptions {
  readonly shop: Shop
  readonly lab: Lab
  /** Name of this instance. */
  readonly instance: string
}

/** Tag that invalidates all cached responses of the lab. */
const TAG = 'storefront-lab'

/**
 * Cache settings of each way. The browser must revalidate: otherwise times would be those of its
 * own cache.
 */
const KEEPING = {
  uncached: { cacheControl: { noStore: true } },
  memoized: { cacheControl: { noStore: true } },
  stored: { cacheControl: { noStore: true } },
  cached: {
    // Ignored, because browsers that bypass their own cache also send `Cache-Control: no-cache`.
    cache: { public: true, ttl: KEPT_FOR, tags: [TAG], requestDirectives: false },
    cacheControl: { public: true, noCache: true }
  }
} as const

const WITHOUT_WORK = { work: 'fibonacci' }

const DESCRIPTIONS: Readonly<Record<Way, string>> = {
  uncached: 'computes for each request',
  memoized: 'caches the result in the memory of its process',
  stored: 'caches the result in the shared store, and reads it from there each time',
  cached: 'does not run while its response is cached, by all instances'
}

/** All routes under /shop/lab: one computation in four ways, and a page to try them. */
export const labRoutes: FastifyPluginAsyncTypebox<LabRoutesOptions> = async (
  app,
  { shop, lab, instance }
) => {
  for (const way of ['uncached', 'memoized', 'stored', 'cached'] as const) {
    app.get(
      `/shop/lab/run/${way}`,
      {
        schema: {
          tags: ['lab'],
          summary: `An expensive result: this handler ${DESCRIPTIONS[way]}`,
          description:
            `Results are cached for ${KEPT_FOR}. An instance computes one at a time, and refuses (503) more ` +
            'than it can compute within half a second.',
          querystring: RunQuery,
          response: { 200: RunSchema, ...problems }
        },
        config: { ...KEEPING[way], rateLimit: labLimit }
      },
      async ({ query: { work } }) => {
        const began = performance.now()
        const outcome = await lab.run(way, work)
        return { way, work, instance, ...outcome, handlerMs: performance.now() - began }
      }
    )
  }

  app.get(
    '/shop/lab',
    {
      schema: {
        tags: ['pages'],
        summary: 'The lab: the effect of caching',
        querystring: LabQuery,
        response: html
      },
      config: { cacheControl: { noStore: true }, rateLimit: labLimit }
    },
    async (request, reply) => labPage(shop, instance, request, reply)
  )

  app.post(
    '/shop/lab/forget',
    {
      schema: {
        tags: ['lab'],
        summary: 'Forget the results in the shared store and in this instance',
        querystring: NoQuery,
        response: { 303: Type.Null(), ...problems }
      },
      config: { rateLimit: formLimit }
    },
    async ({ body }, reply) => {
      try {
        await app.responseCache.invalidate([TAG])
        await lab.forget()
      } catch (error) {
        throw labNotForgotten(error)
      }
      const { work } = Value.Check(ForgetForm, body) ? body : WITHOUT_WORK
      return reply.redirect(
        `/shop/lab?${new URLSearchParams({ work, forgotten: instance }).toString()}`,
        303
      )
    }
  )
}
