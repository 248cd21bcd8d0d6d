// node edge-origin.js
//
// An instance whose responses have the fields of Varnish and nginx.
import { createEdge, edgeMigration, type EdgeSchema, nginx, varnish } from '@weir/edge'
import { memoryStore } from '@weir/cache/memory'
import conditional from '@weir/fastify/conditional'
import edgePlugin from '@weir/fastify/edge'
import responseCache from '@weir/fastify/response-cache'
import { outboxMigration } from '@weir/outbox'
import Database from 'better-sqlite3'
import { fastify } from 'fastify'
import { Kysely, SqliteDialect } from 'kysely'
import { listen } from './listen.js'
import { productRoute } from './product-route.js'

const db = new Kysely<EdgeSchema>({
  dialect: new SqliteDialect({ database: new Database(':memory:') })
})
await outboxMigration.up(db)
await edgeMigration.up(db)
const address = ['http://127.0.0.1:1']
const edge = createEdge({
  db,
  destinations: [
    varnish({ urls: address, secret: 'unused' }),
    nginx({ urls: address, pages: () => [] })
  ]
})
const app = fastify()
await app.register(conditional)
await app.register(edgePlugin, { edge })
await app.register(responseCache, { store: memoryStore(), origin: 'http://shop' })
const fills = productRoute(app, 1024, { public: true, edge: '1d' })
await listen(app, () => ({ fills: fills(), asked: 0 }))
