import { setTimeout } from 'node:timers/promises'
import view from '@fastify/view'
import { memoryStore } from '@weir/cache/memory'
import fragments from '@weir/fastify/fragments'
import closeWithGrace from 'close-with-grace'
import { Eta } from 'eta'
import Fastify from 'fastify'

const { PORT = '3000' } = process.env
const categories = ['Bread', 'Cakes']
let queries = 0

async function loadMenu () {
  queries++
  await setTimeout(300) // a slow query
  return { categories, queries }
}

const app = Fastify()
await app.register(fragments, { cache: memoryStore() })
await app.register(view, { engine: { eta: new Eta() }, root: 'views', options: { async: true } })

// The page greets its reader, so it cannot be shared. Its menu can.
app.get<{ Querystring: { name?: string } }>('/', async ({ query }, reply) =>
  reply.view('home.eta', { name: query.name ?? 'stranger', loadMenu }))

// The same menu on its own, under the same key.
app.get('/menu', async (_request, reply) =>
  reply.type('text/html').fragment('menu', { ttl: '1h', tags: ['categories'] }, async () =>
    app.view('menu.eta', await loadMenu())))

app.post<{ Body: string }>('/categories', async ({ body }, reply) => {
  categories.push(body)
  await app.fragments.invalidate(['categories']) // when this resolves, no page has the old menu
  return reply.code(201).send()
})

closeWithGrace(() => app.close())
console.log(`Listening on ${await app.listen({ host: '127.0.0.1', port: Number(PORT) })}`)
