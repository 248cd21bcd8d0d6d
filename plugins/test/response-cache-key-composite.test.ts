import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { keyOf, variantKeyOf } from '../response-cache/key.js'
import { cachedApp } from './support/cached-app.js'

/*
 * No byte of a key or of a header can be taken for another key, host or variant: different tuples never meet.
 */

/** As much of a request as a key is made of. */
const asked = (host: string, url: string, headers: Record<string, string> = {}) =>
  ({ protocol: 'http', host, url, headers } as unknown as FastifyRequest)

/** Whole numbers below `most`, the same in each run. */
function numbers (seed: number): (most: number) => number {
  let state = seed
  return (most) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor(state / 2 ** 32 * most)
  }
}

const PIECES = ['a', 'b', '\n', '\n\n', '\\', '\\n', ':', '#', '/', '?', '%0A', '\u0000', '\u0001', 'accept', 'accept:', 'x-a:1', 'http://a']

t.test('generated keys, hosts and header values', async (t) => {
  const below = numbers(7)
  const text = () => Array.from({ length: below(5) }, () => PIECES[below(PIECES.length)]).join('')
  const seen = new Map<string, string>()
  for (let i = 0; i < 50_000; i++) {
    const host = below(2) === 0 ? 'a' : `a${text()}`
    const own = below(2) === 0 ? `k${text()}` : undefined
    const path = `/${text()}`
    // A header may be absent, and then is not the same as an empty one. User-Agent is compared as it is.
    const headers = Object.fromEntries(['user-agent', 'referer'].flatMap((name) => below(3) === 0 ? [] : [[name, `v${text()}`]]))
    const [vary, names] = [['referer'].slice(below(2)), ['user-agent'].slice(below(2))]
    const request = asked(host, path, headers)
    const key = keyOf({ origin: undefined, vary, custom: own === undefined ? undefined : () => own, schema: undefined })(request)
    if (typeof key !== 'object') throw new Error('a key')
    const { key: whole } = names.length === 0 ? key : variantKeyOf(key, names, request)
    const selecting = (list: readonly string[]) => list.map((name) => [name, headers[name]?.trim() ?? null])
    // A line feed in a path is the same as its escape.
    const target = own === undefined ? path.replaceAll('\n', '%0A') : { own }
    const tuple = JSON.stringify([host, target, selecting(vary), selecting(names)])
    const other = seen.get(whole) ?? tuple
    if (other !== tuple) t.equal(tuple, other, `both have the key ${JSON.stringify(whole)}`)
    seen.set(whole, tuple)
  }
  t.ok(seen.size > 10_000)
})

t.test('an own key that looks like a variant of another is none', async (t) => {
  const app = await cachedApp(t)
  app.get<{ Querystring: { key: string } }>('/x', {
    config: { cache: { ttl: '60s', key: ({ query }) => (query as { key: string }).key } }
  }, async (request, reply) => {
    if (request.query.key === 'page') reply.header('vary', 'accept')
    return request.query.key
  })
  const get = async (key: string) => (await app.inject({ url: '/x', query: { key }, headers: { accept: 'text/html' } })).body
  for (const key of ['page', 'page\n\naccept:text/html', 'page\\n\\naccept:text/html', 'page\naccept:text/html', 'page']) {
    t.equal(await get(key), key)
    t.equal(await get(key), key)
  }
})

t.test('a Host that looks like a path is not taken for it', async (t) => {
  const app = await cachedApp(t, { origin: undefined as never })
  app.get('/*', { config: { cache: { ttl: '60s' } } }, async ({ host, url }) => `${host} ${url}`)
  const get = async (host: string, url: string) => (await app.inject({ url, headers: { host } })).body
  t.equal(await get('shop.test/admin', '/x'), 'shop.test/admin /x')
  t.equal(await get('shop.test', '/admin/x'), 'shop.test /admin/x')
})
