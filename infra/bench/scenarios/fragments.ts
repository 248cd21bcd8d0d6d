import { memoryStore } from '@weir/cache/memory'
import { redisStore } from '@weir/cache/redis'
import fragments, { type FragmentsOptions } from '@weir/fastify/fragments'
import { Eta } from 'eta'
import Fastify, { type FastifyReply } from 'fastify'
import { callFor, compareCalls, type Reader } from '../calls.js'
import { interleave } from '../rounds.js'
import type { Scenario, Surroundings } from '../scenario.js'

const ROUNDS = 7
const MILLISECONDS = 250
const KEYS = Array.from({ length: 100 }, (_, i) => `list:${i}`)
// Fragments of one page, before the next request begins.
const ON_A_PAGE = 1000
const BYTES = 10 * 1024

const TEMPLATE =
  '<ul><% for (const product of it.products) { %><li class="product"><a href="/products/<%= product.id %>"><%= product.name %></a> ' +
  '<span class="price"><%= product.price %></span><p><%= product.text %></p></li>\n<% } %></ul>'

const PRODUCTS = Array.from({ length: 55 }, (_, i) => ({
  id: i,
  name: `Product ${i}, "the best" & the rest`,
  price: `${i}.99 €`,
  text: 'Made of wood & steel, and some 30 cm long.'
}))

/** Renders the fragment like a template that awaits nested ones. */
function renderer (): () => Promise<string> {
  const eta = new Eta()
  eta.loadTemplate('@list', TEMPLATE, { async: true })
  return () => eta.renderAsync('@list', { products: PRODUCTS })
}

/** Renders the fragments of one page after another. */
async function fragmentsIn (
  what: string,
  around: Surroundings,
  options: FragmentsOptions,
  render: () => Promise<string>
): Promise<Reader> {
  const app = Fastify()
  around.defer(() => app.close())
  await app.register(fragments, options)
  let page: FastifyReply | undefined
  app.get('/', async (_request, reply) => {
    page = reply
    return ''
  })
  let left = 0
  const read = async (key: string) => {
    if (left-- === 0) {
      await app.inject('/')
      left = ON_A_PAGE
    }
    return page?.fragment(key, { ttl: '1h', tags: ['products'] }, render)
  }
  await app.inject('/')
  left = ON_A_PAGE
  for (const key of KEYS) await read(key)
  return { what, read }
}

/** A fragment from memory, including the request of its page, against rendering it. */
export const fragmentHit: Scenario = {
  name: 'fragments',
  about: 'a fragment of 10 KiB from memory against rendering it with Eta',
  async run (around) {
    const render = renderer()
    const { length } = Buffer.from(await render())
    if (Math.abs(length - BYTES) > BYTES / 10) throw new Error(`the fragment has ${length} bytes`)
    const redis = redisStore({ url: around.redis })
    around.defer(() => redis.close())
    const rendering: Reader = { what: 'Eta', read: render }
    const memory = await fragmentsIn('memory', around, { cache: memoryStore() }, render)
    const shared = await fragmentsIn('Redis', around, { cache: redis }, render)
    for (const reader of [rendering, memory, shared]) await callFor(MILLISECONDS, reader, KEYS)
    const rounds = await interleave(
      [rendering, memory, shared],
      around.repeat(ROUNDS),
      async (reader, round) => {
        around.say(`fragments: round ${round + 1}, ${reader.what}`)
        return callFor(MILLISECONDS, reader, KEYS)
      }
    )
    return [memory, shared].map((reader) =>
      compareCalls('fragments', '10 KiB', reader, rendering, rounds, 20)
    )
  }
}
