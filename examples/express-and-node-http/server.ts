import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { memoryStore } from '@weir/cache/memory'
import { redisStore } from '@weir/cache/redis'
import closeWithGrace from 'close-with-grace'
import { createCatalog } from './catalog.js'
import { expressApp } from './express.js'
import { nodeServer } from './node-http.js'

const { REDIS_URL, PORT = '3000', NODE_HTTP_PORT = '3001' } = process.env

// Two servers in one process can share memory. Processes need a Redis, or an SQLite file.
const store = REDIS_URL === undefined ? memoryStore() : redisStore({ url: REDIS_URL })
const app = createServer(expressApp(createCatalog(store, 'express')))
const bare = nodeServer(createCatalog(store, 'node-http'))

async function listen (server: Server, port: string): Promise<string> {
  server.listen(Number(port), '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return typeof address === 'object' ? `http://127.0.0.1:${address?.port}` : ''
}

closeWithGrace(async () => {
  app.close()
  bare.close()
  await Promise.all([once(app, 'close'), once(bare, 'close')])
  await store.close()
})
const [expressUrl, bareUrl] = [await listen(app, PORT), await listen(bare, NODE_HTTP_PORT)]
console.log(`Listening on ${expressUrl} (Express) and ${bareUrl} (node:http)`)
