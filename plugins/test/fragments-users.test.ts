import { random as randomFrom } from '@weir/internal/testing'
import { memoryStore } from '@weir/cache/memory'
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import fragments, { type FragmentOptions, type FragmentsOptions } from '../fragments/index.js'
import responseCache from '../response-cache/index.js'
import { arrivals, counted, gate } from './support/cached-app.js'

/** Returns an application whose hook uses the text of `x-user` as the user. */
async function userApp (t: Test, options: FragmentsOptions = {}) {
  const lines: Record<string, unknown>[] = []
  const app = Fastify({
    logger: {
      level: 'warn',
      stream: {
        write: (line: string) => {
          lines.push(JSON.parse(line) as Record<string, unknown>)
        }
      }
    }
  })
  t.teardown(() => app.close())
  app.decorateRequest('user', null)
  app.addHook('onRequest', async (request) => {
    const { 'x-user': user } = request.headers
    if (typeof user === 'string') Object.assign(request, { user: JSON.parse(user) as unknown })
  })
  await app.register(responseCache, { store: memoryStore() })
  await app.register(fragments, options)
  return { app, lines }
}

const whoIn = (request: FastifyRequest) => String(request.headers['x-user'])
const own: FragmentOptions = { ttl: '1m', private: true }

t.test(
  'a private fragment is stored per user, and not stored for an unknown user',
  async (t) => {
    const { app } = await userApp(t)
    let renders = 0
    app.get('/', (request, reply) =>
      reply.fragment('basket', own, () => `${++renders} ${whoIn(request)}`)
    )
    const get = async (user?: unknown) =>
      (
        await app.inject({
          url: '/',
          headers: user === undefined ? { cookie: 'a=b' } : { 'x-user': JSON.stringify(user) }
        })
      ).body
    for (const user of [
      { id: 'ana' },
      { id: 'ben' },
      { id: 5 },
      { id: '5' },
      { sub: 'ana' },
      { id: 'ana', role: 'admin' }
    ]) {
      const first = await get(user)
      t.ok(first.endsWith(JSON.stringify(user)))
      t.equal(await get(user), first, 'kept')
    }
    // Each of these may be anyone: other users must not get their fragments.
    for (const user of [
      undefined,
      null,
      false,
      'ana',
      true,
      7,
      {},
      { role: 'reader' },
      { id: '' },
      { id: null },
      ['ana']
    ]) {
      const first = await get(user)
      t.not(await get(user), first, user === undefined ? 'no user' : JSON.stringify(user))
    }
  }
)

t.test('identify returns the user; a promise or nothing means an unknown user', async (t) => {
  let renders = 0
  for (const [identify, isKept] of [
    [(request: FastifyRequest) => String(request.headers['x-user']), true],
    [() => undefined, false],
    [() => null, false],
    [() => '', false],
    [async () => 'x', false],
    [() => { throw new Error('x') }, false]
  ] as const) {
    const { app } = await userApp(t, { identify: identify as () => string })
    app.get('/', (_request, reply) => reply.fragment('basket', own, () => String(++renders)))
    const get = async (id: string) =>
      (await app.inject({ url: '/', headers: { 'x-user': `"${id}"` } })).body
    const first = await get('a')
    t.equal(await get('a') === first, isKept)
    t.not(await get('a'), await get('b'))
  }
})

t.test(
  'a fragment around a private one belongs to its user: waiting requests render their own',
  async (t) => {
    const { app, lines } = await userApp(t)
    const { open, opened } = gate()
    app.get('/', (request, reply) =>
      reply.fragment('page', { ttl: '1m' }, async () => {
        const basket = await reply.fragment('basket', own, () => whoIn(request))
        await opened
        return `[${basket}]`
      })
    )
    const users = ['ana', 'ben', 'cem'].map((id) => JSON.stringify({ id }))
    const all = arrivals(app, users.length)
    const asked = users.map(async (user) =>
      app.inject({ ...counted('/'), headers: { 'x-counted': '1', 'x-user': user } })
    )
    await all
    open()
    for (const [i, answer] of (await Promise.all(asked)).entries()) {
      t.equal(answer.body, `[${users[i] ?? ''}]`)
      t.equal(answer.headers['cache-control'], 'private, no-cache')
    }
    t.equal((await app.inject('/')).body, '[undefined]', 'none of them was stored')
    t.match(lines, [
      {
        fragment: 'page',
        msg: 'a fragment is not stored: "fragment:basket" in it is private: make it private, too'
      }
    ])
    t.equal(lines.length, 1, 'said once')
  }
)

t.test('a fragment around a varying one must declare that, and is not stored otherwise', async (t) => {
  const themeOf = (request: FastifyRequest) => request.headers['x-theme']
  for (const [inner, outer, why] of [
    [['accept-language'], undefined, 'varies by accept-language: add that to its vary'],
    [
      ['accept-language', 'X-Theme'],
      ['accept-language'],
      'varies by x-theme: add that to its vary'
    ],
    [['accept-language'], ['Accept-Language'], undefined],
    [[themeOf], ['x-theme'], 'varies by a function: add that function to its vary'],
    [[themeOf], [themeOf], undefined],
    [[async () => 'dark'], undefined, 'has unknown dependencies']
  ] as const) {
    const { app, lines } = await userApp(t)
    const html = ({ headers }: FastifyRequest) =>
      `${headers['accept-language'] ?? ''} ${String(headers['x-theme'])}`
    const vary = (list: readonly unknown[] | undefined) =>
      ({ ttl: '1m', ...(list !== undefined && { vary: list }) }) as FragmentOptions
    app.get('/', (request, reply) =>
      reply.fragment('outer', vary(outer), () =>
        reply.fragment('inner', vary(inner), () => html(request))
      )
    )
    for (const headers of [
      { 'accept-language': 'de', 'x-theme': 'dark' },
      { 'accept-language': 'fr', 'x-theme': 'light' }
    ]) {
      t.equal(
        (await app.inject({ url: '/', headers })).body,
        `${headers['accept-language']} ${headers['x-theme']}`
      )
    }
    const said = lines.map(({ msg }) => msg).filter((line) => String(line).includes(' in it '))
    t.strictSame(
      said,
      why === undefined ? [] : [`a fragment is not stored: "fragment:inner" in it ${why}`]
    )
  }
})

t.test(
  "no user sees another user's content: random trees of fragments, many users at once, pages in the response cache",
  async (t) => {
    for (let seed = 1; seed <= 30; seed++) {
      const random = randomFrom(seed)
      const { app } = await userApp(t)
      interface Node {
        readonly name: string
        readonly options: FragmentOptions
        readonly says: 'user' | 'language' | 'nothing'
        readonly inner: readonly Node[]
      }
      const grow = (name: string, depth: number): Node => {
        const says = (['user', 'language', 'nothing'] as const)[random(3)] ?? 'nothing'
        const options: FragmentOptions = {
          ttl: '1m',
          ...((says === 'user' || random(4) === 0) && { private: true }),
          ...((says === 'language' || random(4) === 0) && { vary: ['accept-language'] })
        }
        return {
          name,
          options,
          says,
          inner:
            depth === 0
              ? []
              : Array.from({ length: random(4) }, (_, i) => grow(`${name}.${i}`, depth - 1))
        }
      }
      const root = grow('r', 3)
      const textOf = (node: Node, user: string, language: string): string =>
        `<${node.says === 'user' ? user : node.says === 'language' ? language : '-'}${node.inner.map((inner) => textOf(inner, user, language)).join('')}>`
      const render = async (
        node: Node,
        request: FastifyRequest,
        reply: FastifyReply
      ): Promise<string> =>
        reply.fragment(node.name, node.options, async () => {
          let inner = ''
          for (const each of node.inner) inner += await render(each, request, reply)
          return `<${node.says === 'user' ? whoIn(request) : node.says === 'language' ? String(request.headers['accept-language']) : '-'}${inner}>`
        })
      app.get('/', { config: { cache: { ttl: '1m', public: true } } }, (request, reply) =>
        render(root, request, reply)
      )
      for (let round = 0; round < 3; round++) {
        await Promise.all(
          Array.from({ length: 12 }, async () => {
            const user = random(5) === 0 ? 'undefined' : JSON.stringify({ id: `u${random(3)}` })
            const language = ['de', 'fr'][random(2)] ?? ''
            const { body } = await app.inject({
              url: '/',
              headers: {
                'accept-language': language,
                cookie: 'a=b',
                ...(user !== 'undefined' && { 'x-user': user })
              }
            })
            if (body !== textOf(root, user, language)) {
              t.fail(`seed ${seed}: ${user} ${language} got ${body}`)
            }
          })
        )
      }
    }
  }
)
