import formbody from '@fastify/formbody'
import { securitySchemes } from '@weir/fastify/auth'
import cacheAdmin from '@weir/fastify/cache-admin'
import cacheControl from '@weir/fastify/cache-control'
import conditional from '@weir/fastify/conditional'
import redis from '@weir/fastify/redis'
import service, {
  databaseOf, instanceName, serverOptions, telemetryOf
} from '@weir/fastify/service'
import telemetry from '@weir/fastify/telemetry'
import { type Store } from '@weir/cache'
import { fastify, type FastifyInstance } from 'fastify'
import { sql } from 'kysely'
import { loadAssets, serveAssets } from './assets.js'
import { openStore, registerCaches, registerPageCaches, rememberIn } from './caches.js'
import { registerCounting } from './counting.js'
import { type OpenDatabase, openDatabase } from './db/open.js'
import { DATABASE_FILE, type StorefrontEnv } from './env.js'
import { registerJournal } from './journal.js'
import { Lab } from './lab/lab.js'
import { labRoutes } from './lab/routes.js'
import { registerLimits } from './limits.js'
import { accountRoutes } from './pages/account.js'
import { registerDebugging } from './pages/debugging.js'
import { detailRoute } from './pages/detail.js'
import { editRoutes } from './pages/edit.js'
import { redirectFinalSlashes } from './pages/final-slash.js'
import { validationError } from './pages/in-words.js'
import { listRoute } from './pages/list.js'
import { setPagePolicy } from './pages/page.js'
import { problemPages } from './pages/problem.js'
import { type Shop } from './pages/shop.js'
import { Recommendations } from './recommend/recommend.js'
import { refuseForeignPosts, registerSessions } from './session.js'
import { makeRender } from './templates.js'
import { Catalog } from './upstream/catalog.js'
import { ownToken } from './upstream/own-token.js'
import { Upstream } from './upstream/upstream.js'
import { Views } from './views/views.js'

/**
 * Builds the storefront, ready to listen or to be injected into. Closing it writes the counted
 * views.
 */
export async function buildApp (env: StorefrontEnv): Promise<FastifyInstance> {
  const app = fastify(serverOptions(env, { service: 'storefront' }))
  const assets = await loadAssets()
  const render = makeRender(assets, { hasLab: env.LAB })
  const database = await openDatabase(databaseOf(env, DATABASE_FILE))
  await app.register(telemetry, telemetryOf(env, { service: 'storefront', version: '0.1.0' }))
  await app.register(service, {
    name: 'storefront',
    version: '0.1.0',
    title: 'Storefront',
    description:
      'The pages of the shop. Errors are pages for clients that accept HTML, and problem ' +
      'documents (RFC 9457) for others.',
    securitySchemes: { bearer: securitySchemes.bearer },
    maxEventLoopDelay: env.MAX_EVENT_LOOP_DELAY,
    checks: {
      async database () {
        await sql`select 1`.execute(database.db)
        return true
      }
    }
  })
  if (env.REDIS_URL !== undefined) {
    await app.register(redis, { url: env.REDIS_URL, commandTimeout: env.REDIS_COMMAND_TIMEOUT })
  }
  await registerCounting(app, env)
  await registerLimits(app, env)
  await registerSessions(app, env)
  app.addHook('onSend', problemPages(render))
  await app.register(conditional)
  await app.register(cacheControl)
  const store = openStore(app, env)
  await registerCaches(app, env, store)
  await registerPageCaches(app, env, store)
  await registerJournal(app, env)
  await app.register(cacheAdmin, {
    prefix: '/shop/cache',
    instance: instanceName(env, 'storefront')
  })

  const shop = openShop(app, env, { database, render })
  serveAssets(app, assets)
  await app.register(async (pages) => {
    await pages.register(formbody)
    pages.decorateRequest('isWhole', false)
    pages.setSchemaErrorFormatter(validationError)
    registerDebugging(pages, env)
    redirectFinalSlashes(pages)
    pages.addHook('onRequest', setPagePolicy)
    pages.addHook('onRequest', refuseForeignPosts)
    for (const routes of [listRoute, detailRoute, editRoutes, accountRoutes]) {
      await pages.register(routes, { shop })
    }
    if (env.LAB) await registerLab(pages, shop, store)
  })
  return app
}

async function registerLab (pages: FastifyInstance, shop: Shop, store: Store): Promise<void> {
  const instance = instanceName(shop.env, 'storefront')
  const lab = new Lab({ store, instance })
  pages.addHook('onClose', () => lab.close())
  await pages.register(labRoutes, { shop, lab, instance })
}

function openShop (
  app: FastifyInstance,
  env: StorefrontEnv,
  { database, render }: Pick<Shop, 'render'> & { database: OpenDatabase }
): Shop {
  const { caches } = app
  const authorization = ownToken(app, env)
  const upstream = new Upstream({
    name: 'catalog',
    origin: env.CATALOG_ORIGIN,
    probe: '/api/categories',
    authorization
  })
  const weather = new Upstream({
    name: 'weather service',
    origin: env.WEATHER_ORIGIN,
    probe: `/api/weather/current?city=${encodeURIComponent(env.WEATHER_CITY)}`,
    authorization
  })
  const remember = rememberIn(caches.catalog, env)
  const catalog = new Catalog(upstream, remember)
  const views = new Views({
    database,
    counters: caches.views,
    queries: caches.queries,
    keepsQueries: env.CACHE === 'on',
    log: app.log
  })
  app.addHook('onReady', () => views.start())
  // The close hook added last runs first: the store is still open.
  app.addHook('onClose', async () => {
    await views.close()
    await Promise.all([upstream.close(), weather.close()])
  })
  const { namespace } = caches.catalog
  return {
    env,
    render,
    catalog,
    weather,
    views,
    recommendations: new Recommendations(catalog, remember),
    inspected: [
      { name: 'fragments', namespace, prefix: 'fragment:', cache: app.fragments.cache },
      { name: 'catalog', namespace, prefix: '', cache: caches.catalog },
      { name: 'queries', namespace: caches.queries.namespace, prefix: '', cache: caches.queries }
    ]
  }
}
