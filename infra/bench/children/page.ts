// node page.js --mode fragments|uncached|bare
//
// A shop page of five fragments, one of which is expensive: cached, rendered for each request, or
// prebuilt.
import { parseArgs } from 'node:util'
import { memoryStore } from '@weir/cache/memory'
import fragments from '@weir/fastify/fragments'
import { mostAlike } from '@weir/storefront/recommend'
import { Eta } from 'eta'
import { fastify, type FastifyReply } from 'fastify'
import { listen } from './listen.js'

const {
  values: { mode }
} = parseArgs({ options: { mode: { type: 'string', default: 'fragments' } } })

const NOUNS = 'Kettle, Saucepan, Casserole, Wok, Stockpot, Griddle, Teapot, Carafe'.split(', ')
// The size of a category of the sample shop.
const PRODUCTS = Array.from({ length: 250 }, (_, id) => ({
  id,
  name: `Brennholt Cast-Iron ${NOUNS[id % NOUNS.length]} No. ${id}`,
  description: `Made of steel & wood, some ${20 + id} cm long. Suits every hob, induction included. Comes with a ten-year guarantee.`,
  price: `${id}.99 €`
}))

const TEMPLATES = {
  product:
    '<h1><%= it.product.name %></h1><p class="price"><%= it.product.price %></p><p><%= it.product.description %></p>',
  list: '<ul><% for (const { id, name, price } of it.products) { %><li><a href="/products/<%= id %>"><%= name %></a> <%= price %></li>\n<% } %></ul>',
  page: '<!doctype html><html lang="en"><title><%= it.title %></title><main><% for (const part of it.parts) { %><section><%~ part %></section><% } %></main></html>'
}
const eta = new Eta()
for (const [name, template] of Object.entries(TEMPLATES)) eta.loadTemplate(`@${name}`, template)
const list = (from: number, count: number) =>
  eta.render('@list', { products: PRODUCTS.slice(from, from + count) })
const productOf = (id: number) =>
  PRODUCTS[id % PRODUCTS.length] ?? { id, name: '', description: '', price: '' }

/** The fragments of a product page, by key. */
const partsOf = (id: number): [key: string, render: () => string | Promise<string>][] => [
  [`product:${id}`, () => eta.render('@product', { product: productOf(id) })],
  [`categories:${id}`, () => list(0, 40)],
  [`recommendations:${id}`, async () => {
    const alike = await mostAlike(productOf(id), PRODUCTS, 4)
    return eta.render('@list', { products: alike.map((other) => productOf(other)) })
  }],
  [`weather:${id}`, () => list(50, 2)],
  [`most-viewed:${id}`, () => list(60, 5)]
]

/** Number of pages whose expensive fragment was computed. */
let fills = 0
const asIs = async (key: string, render: () => string | Promise<string>) => {
  if (key.startsWith('recommendations:')) fills++
  return render()
}
const kept =
  (reply: FastifyReply): typeof asIs =>
    async (key, render) =>
      reply.fragment(key, { ttl: '1h', tags: ['products'] }, async () => asIs(key, render))

async function page (id: number, part: typeof asIs): Promise<string> {
  const parts = await Promise.all(partsOf(id).map(([key, render]) => part(key, render)))
  return eta.render('@page', { title: productOf(id).name, parts })
}

const app = fastify()
if (mode === 'bare') {
  const ready = new Map<string, string>()
  app.get<{ Params: { id: string } }>('/products/:id', async ({ params: { id } }, reply) => {
    let html = ready.get(id)
    if (html === undefined) ready.set(id, html = await page(Number(id), asIs))
    return reply.type('text/html; charset=utf-8').send(html)
  })
} else {
  if (mode === 'fragments') await app.register(fragments, { cache: memoryStore() })
  app.get<{ Params: { id: string } }>('/products/:id', async ({ params: { id } }, reply) => {
    const html = await page(Number(id), mode === 'fragments' ? kept(reply) : asIs)
    return reply.type('text/html; charset=utf-8').send(html)
  })
}
await listen(app, () => ({ fills }))
