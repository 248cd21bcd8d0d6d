import { createCache } from '@weir/cache'
import { memoryStore } from '@weir/cache/memory'
import responseCache from '@weir/fastify/response-cache'
import closeWithGrace from 'close-with-grace'
import Fastify from 'fastify'
import { type Article, down, names, newspapers } from './sources.js'

interface Feed {
  readonly source: string
  readonly fetchedAt: number
  readonly titles: readonly string[]
}

interface BySource { Params: { source: string } }

const { PORT = '3000' } = process.env
const TTL = 5000
const store = memoryStore()
const lifetimes = { ttl: TTL, staleWhileRevalidate: '1m', staleIfError: '1h' } as const
const feeds = createCache<Feed>({ store, namespace: 'feeds', ...lifetimes })
const articles = createCache<Article>({ store, namespace: 'articles', ttl: '1h' })

const origin = await newspapers.listen({ host: '127.0.0.1', port: 0 })

async function fetchJson<T> (path: string): Promise<T> {
  const response = await fetch(origin + path)
  if (!response.ok) {
    throw Object.assign(new Error(`${path}: ${response.status}`), { statusCode: 502 })
  }
  return await response.json() as T
}

async function fetchFeed (source: string): Promise<Feed> {
  const titles = await fetchJson<string[]>(`/feeds/${source}`)
  return { source, fetchedAt: Date.now(), titles }
}

const app = Fastify()
await app.register(responseCache, { store })

// Front page: all sources at once, each cached separately. The page survives a source that is down.
app.get('/news', async () => {
  const start = performance.now()
  const sources = await Promise.all(names.map(async (source) => {
    try {
      const { fetchedAt, titles } = await feeds.remember(source, () => fetchFeed(source))
      return { source, stale: Date.now() - fetchedAt >= TTL, titles }
    } catch {
      return { source, error: 'does not answer' }
    }
  }))
  return { ms: Math.round(performance.now() - start), sources }
})

// One source as a cached response.
app.get<BySource>('/news/:source', {
  schema: { params: { type: 'object', properties: { source: { enum: names } } } },
  config: { cache: { ttl: TTL, staleIfError: '1h' } }
}, async ({ params }) => fetchJson<string[]>(`/feeds/${params.source}`))

// Batch of articles, which never change: one read of the store, one request for the missing ones.
app.get<{ Querystring: { ids: string } }>('/articles', {
  schema: {
    querystring: {
      type: 'object',
      required: ['ids'],
      properties: { ids: { type: 'string', pattern: '^\\w+(,\\w+)*$' } }
    }
  }
}, async ({ query }) => {
  const ids = query.ids.split(',')
  const kept = await articles.getMany(ids)
  const missing = ids.filter((_id, i) => kept[i] === undefined)
  const path = `/articles?ids=${missing.join()}`
  const fetched = missing.length === 0 ? [] : await fetchJson<Article[]>(path)
  const byId = new Map(fetched.map((article) => [article.id, article]))
  await articles.setMany(byId)
  return { fetched: missing, articles: ids.map((id, i) => kept[i] ?? byId.get(id)) }
})

// Switch for the demonstration: takes a source down, and brings it up again.
app.put<BySource>('/down/:source', async ({ params }) => {
  down.add(params.source)
  return { down: [...down] }
})
app.delete<BySource>('/down/:source', async ({ params }) => {
  down.delete(params.source)
  return { down: [...down] }
})

closeWithGrace(async () => {
  await app.close()
  await feeds.idle() // refreshes in the background
  await newspapers.close()
})
console.log(`Listening on ${await app.listen({ host: '127.0.0.1', port: Number(PORT) })}`)
