import { memoryStore } from '@weir/cache/memory'
import { sqliteStore } from '@weir/cache/sqlite'
import { random as randomFrom } from '@weir/internal/testing'
import Fastify, { type FastifyReply } from 'fastify'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import fragments from '../fragments/index.js'
import invalidation from '../invalidation/index.js'
import responseCache from '../response-cache/index.js'
import { gate } from './support/cached-app.js'

/** Fragment of the value of its tag and of nested fragments. */
interface Node {
  readonly name: string
  readonly tag: string
  readonly inner: readonly Node[]
}

t.test('invalidating a nested fragment renders the enclosing ones anew, and no sibling', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(fragments, { cache: memoryStore() })
  const renders: string[] = []
  const leaf = (reply: FastifyReply, name: string) =>
    reply.fragment(name, { ttl: '1m', tags: [name] }, () => {
      renders.push(name)
      return name
    })
  app.get('/', (_request, reply) =>
    reply.fragment('page', { ttl: '1h', tags: ['page'] }, async () => {
      renders.push('page')
      const list = await reply.fragment('list', { ttl: '1h', tags: ['list'] }, async () => {
        renders.push('list')
        return `${await leaf(reply, 'a')}${await leaf(reply, 'b')}`
      })
      return `${await leaf(reply, 'menu')}(${list})`
    })
  )
  const rendered = async () => {
    renders.length = 0
    t.equal((await app.inject('/')).body, 'menu(ab)')
    return renders.join(' ')
  }
  t.equal(await rendered(), 'page list a b menu')
  t.equal(await rendered(), '')
  await app.fragments.invalidate(['b'])
  t.equal(await rendered(), 'page list b')
  await app.fragments.invalidate(['menu'])
  t.equal(await rendered(), 'page menu')
  await app.fragments.invalidate(['page'])
  t.equal(await rendered(), 'page')
  await app.fragments.delete('a')
  t.equal(
    await rendered(),
    'page list a',
    'a fragment is invalidated by its key, together with the enclosing ones'
  )
})

t.test(
  'concurrently rendered fragments have separate parts, and later fragments are part of the page',
  async (t) => {
    const app = Fastify()
    t.teardown(() => app.close())
    await app.register(fragments, { cache: memoryStore() })
    const gates = { short: gate(), long: gate(), late: gate() }
    const inner = (reply: FastifyReply, key: string) =>
      reply.fragment(key, { ttl: '1h', tags: [key] }, () => key)
    let late: Promise<string> | undefined
    app.get('/', async (_request, reply) => {
      const outer = (['short', 'long'] as const).map((key) =>
        reply.fragment(key, { ttl: '1h', tags: [key] }, async () => {
          // The function of a fragment may start work for which its HTML does not wait.
          if (key === 'short') late = gates.late.opened.then(() => inner(reply, 'late'))
          await gates[key].opened
          return `${key}(${await inner(reply, `in ${key}`)})`
        })
      )
      gates.short.open()
      await outer[0]
      gates.late.open()
      await late
      gates.long.open()
      await outer[1]
      return reply.usedFragments.map(({ key, tags }) => [
        key,
        ...tags.filter((tag) => !tag.startsWith('\u0001'))
      ])
    })
    t.strictSame((await app.inject('/')).json(), [
      ['short', 'short', 'in short'],
      ['late', 'late'],
      ['long', 'long', 'in long']
    ])
  }
)

t.test('a fragment is fresh only as long as each nested one, by the remaining lifetimes', async (t) => {
  let now = Date.now()
  t.intercept(Date, 'now', { value: () => now })
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(fragments, { cache: memoryStore() })
  let version = 1
  const inner = (reply: FastifyReply) =>
    reply.fragment('inner', { ttl: '10s' }, () => String(version))
  app.get('/inner', (_request, reply) => inner(reply))
  app.get('/outer', (_request, reply) => reply.fragment('outer', { ttl: '1h' }, () => inner(reply)))
  const get = async (url: string) => (await app.inject(url)).body
  t.equal(await get('/inner'), '1')
  now += 6000
  t.equal(await get('/outer'), '1')
  version = 2
  now += 3999
  t.equal(await get('/outer'), '1')
  now += 1
  t.equal(await get('/outer'), '2')
})

// Writes to a file wait until its leases have ended.
const STORES = [
  ['memory', 20, () => memoryStore()],
  ['SQLite', 4, (t: Test) => sqliteStore({ file: join(t.testdir(), 'cache.db') })]
] as const

for (const [name, seeds, makeStore] of STORES) {
  t.test(
    `random trees and writes: pages are as without a cache, on two instances (${name})`,
    async (t) => {
      for (let seed = 1; seed <= seeds; seed++) {
        const random = randomFrom(seed)
        const versions = new Map<string, number>()
        const grow = (path: string, depth: number): Node => ({
          name: `n${path}`,
          tag: `t${random(8)}`,
          inner:
            depth === 0
              ? []
              : Array.from({ length: 1 + random(3) }, (_, i) => grow(`${path}.${i}`, depth - 1))
        })
        const roots = [grow('0', 3), grow('1', 2), grow('2', 1)]
        const versionOf = (tag: string) => versions.get(tag) ?? 0
        const plain = ({ tag, inner }: Node): string =>
          `<${tag}=${versionOf(tag)}${inner.map(plain).join('')}>`
        const renders = new Map<string, number>()
        const store = makeStore(t)
        t.teardown(() => store.close())
        const instance = async () => {
          const app = Fastify()
          t.teardown(() => app.close())
          await app.register(responseCache, { store, origin: 'http://shop.test' })
          await app.register(fragments)
          await app.register(invalidation)
          const render = (node: Node, reply: FastifyReply): Promise<string> =>
            reply.fragment(node.name, { ttl: '1h', tags: [node.tag] }, async () => {
              renders.set(node.name, (renders.get(node.name) ?? 0) + 1)
              // Read first, like a handler that queries its database.
              const version = versionOf(node.tag)
              await new Promise(setImmediate)
              const inner = await Promise.all(node.inner.map((each) => render(each, reply)))
              return `<${node.tag}=${version}${inner.join('')}>`
            })
          for (const [i, root] of roots.entries()) {
            app.get(`/page/${i}`, (_request, reply) => render(root, reply))
            app.get(`/cached/${i}`, { config: { cache: { ttl: '1h' } } }, (_request, reply) =>
              render(root, reply)
            )
          }
          app.put<{ Params: { tag: string } }>(
            '/:tag',
            { config: { invalidates: ['{tag}'] } },
            async ({ params: { tag } }) => {
              versions.set(tag, versionOf(tag) + 1)
              return 'done'
            }
          )
          return app
        }
        const [one, other] = [await instance(), await instance()]
        const anyApp = () => (random(2) === 0 ? one : other)
        for (let step = 0; step < 20; step++) {
          const writes = Array.from({ length: random(3) }, () => `t${random(8)}`)
          const reads = Array.from(
            { length: random(4) },
            () => `/${['page', 'cached'][random(2)] ?? ''}/${random(3)}`
          )
          // Some reads overlap with writes: their stored results must not be served after the
          // writes.
          const going = random(2) === 0 ? reads.map((url) => anyApp().inject(url)) : []
          for (const tag of writes) await anyApp().inject({ method: 'PUT', url: `/${tag}` })
          await Promise.all(going)
          for (const url of reads) {
            const root = roots[Number(url.at(-1))]
            const { body } = await anyApp().inject(url)
            if (root !== undefined && body !== plain(root)) {
              throw new Error(`seed ${seed}, step ${step}: ${url} is ${body}, not ${plain(root)}`)
            }
          }
        }
        // No write follows: only invalidated fragments are rendered again.
        for (const i of roots.keys()) await one.inject(`/page/${i}`)
        renders.clear()
        for (const i of roots.keys()) await one.inject(`/page/${i}`)
        t.equal(renders.size, 0)
      }
    }
  )
}
