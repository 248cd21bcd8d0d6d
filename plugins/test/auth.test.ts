import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { fastify, type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { memoryStore as cacheStore } from '@weir/cache/memory'
import { memoryStore } from '@weir/limiter'
import auth, {
  type AuthOptions,
  createApiKey,
  type Role,
  securitySchemes,
  type StoredApiKey
} from '../auth/index.js'
import rateLimit, { type RateLimitOptions } from '../rate-limit/index.js'
import responseCache from '../response-cache/index.js'
import service, { serverOptions } from '../service/index.js'
import { standing, statuses } from './support/limited-app.js'
import { buildService, options as serviceOptions, testEnv } from './support/service-app.js'

const secret = 'a secret of the tests, which is long enough'
const HS256 = { algorithm: 'HS256', secret } as const
const hour = { expiresIn: '1h' } as const

/**
 * Starts a service open to all readers, with routes for editors and a purge for admins; it closes
 * with the test.
 */
async function guardedApp (
  t: Test,
  options: AuthOptions = { jwt: [HS256] },
  limits: Partial<RateLimitOptions> = {}
) {
  const app = fastify(serverOptions(testEnv({ LOG_LEVEL: 'silent' }), { service: 'demo' }))
  t.teardown(() => app.close())
  await app.register(service, { ...serviceOptions, securitySchemes })
  await app.register(rateLimit, { store: memoryStore(), limit: 1000, window: '1h', ...limits })
  await app.register(auth, options)
  app.get('/x', async ({ user }) => user ?? 'nobody')
  app.post(
    '/x',
    { schema: { summary: 'Write' }, config: { role: 'editor' } },
    async ({ user }) => user
  )
  app.delete('/x', { config: { role: 'admin' } }, async ({ user }) => user)
  return app
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const tokenOf = (app: FastifyInstance, role: Role) => app.jwt.HS256.sign({ sub: 'ada', role }, hour)

/** Forges a token that libraries refuse to create. */
function forged (header: object, claims: object, sign: (input: string) => string): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  const input = `${encode(header)}.${encode(claims)}`
  return `${input}.${sign(input)}`
}

const claims = { sub: 'mallory', role: 'admin', exp: 4_102_444_800 }
const hs256 = (key: string) => (input: string) =>
  createHmac('sha256', key).update(input).digest('base64url')

t.test('roles: each includes the lower ones', async (t) => {
  const app = await guardedApp(t)
  const expected: Record<Role, number[]> = {
    reader: [200, 403, 403],
    editor: [200, 200, 403],
    admin: [200, 200, 200]
  }
  for (const role of ['reader', 'editor', 'admin'] as const) {
    const headers = bearer(tokenOf(app, role))
    const found: number[] = []
    for (const method of ['GET', 'POST', 'DELETE'] as const) {
      found.push((await app.inject({ method, url: '/x', headers })).statusCode)
    }
    t.same(found, expected[role], role)
    t.same((await app.inject({ url: '/x', headers })).json(), { id: 'ada', role })
  }
  const forbidden = await app.inject({
    method: 'DELETE',
    url: '/x',
    headers: bearer(tokenOf(app, 'editor'))
  })
  t.match(forbidden.headers, { 'content-type': 'application/problem+json', ratelimit: /r=/ })
  t.match(forbidden.json(), {
    code: 'WEIR_ERR_FORBIDDEN',
    detail: /requires the role admin, and you have editor/
  })
  t.same(
    (
      await app.inject({ url: '/x', headers: bearer(app.jwt.HS256.sign({ sub: 'bob' }, hour)) })
    ).json(),
    { id: 'bob', role: 'reader' }
  )
})

t.test('without credentials: public routes are readable, and others describe how to authenticate', async (t) => {
  const app = await guardedApp(t)
  t.equal((await app.inject('/x')).body, 'nobody')
  const refused = await app.inject({ method: 'POST', url: '/x' })
  t.equal(refused.statusCode, 401)
  t.match(refused.headers, {
    'content-type': 'application/problem+json',
    'www-authenticate': 'Bearer realm="api"',
    ratelimit: /r=/
  })
  t.match(refused.json(), {
    code: 'WEIR_ERR_UNAUTHENTICATED',
    detail: 'This requires the role editor: send Authorization: Bearer with a token'
  })
})

t.test('invalid tokens are 401 on every route', async (t) => {
  const app = await guardedApp(t)
  const good = tokenOf(app, 'admin')
  const now = Math.floor(Date.now() / 1000)
  const bad: Record<string, string> = {
    'no token': '',
    'no JWT': 'x',
    'three empty parts': '..',
    'signed with another key': forged(
      { alg: 'HS256', typ: 'JWT' },
      claims,
      hs256('another key, which is long enough too')
    ),
    'signed with an empty key': forged({ alg: 'HS256', typ: 'JWT' }, claims, hs256('')),
    'alg none': forged({ alg: 'none', typ: 'JWT' }, claims, () => ''),
    'alg None': forged({ alg: 'None', typ: 'JWT' }, claims, () => ''),
    'alg none with a signature': forged({ alg: 'none', typ: 'JWT' }, claims, hs256(secret)),
    'another hash, by the right key': forged({ alg: 'HS512', typ: 'JWT' }, claims, (input) =>
      createHmac('sha512', secret).update(input).digest('base64url')
    ),
    'no alg': forged({ typ: 'JWT' }, claims, hs256(secret)),
    'no signature': good.slice(0, good.lastIndexOf('.') + 1),
    'changed claims': good.replace(
      /\.[^.]+\./,
      `.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.`
    ),
    expired: app.jwt.HS256.sign({ sub: 'ada', role: 'admin', ...{ iat: now - 7200 } }, hour),
    'without exp': app.jwt.HS256.sign({ sub: 'ada', role: 'admin' }),
    'not yet': app.jwt.HS256.sign({ sub: 'ada', role: 'admin' }, { ...hour, notBefore: 600 }),
    'a role that is none': app.jwt.HS256.sign({ sub: 'ada', role: 'root' }, hour),
    'an empty sub': app.jwt.HS256.sign({ sub: '', role: 'admin' }, hour),
    'a sub that is no text': forged(
      { alg: 'HS256', typ: 'JWT' },
      { ...claims, sub: 7 },
      hs256(secret)
    ),
    'a tier that is no text': forged(
      { alg: 'HS256', typ: 'JWT' },
      { ...claims, tier: 7 },
      hs256(secret)
    ),
    'claims that are a list': forged({ alg: 'HS256', typ: 'JWT' }, ['x'], hs256(secret)),
    'an extension that must be understood': forged(
      { alg: 'HS256', typ: 'JWT', crit: ['x'], x: 1 },
      claims,
      hs256(secret)
    )
  }
  for (const [what, token] of Object.entries(bad)) {
    for (const [method, url] of [['GET', '/x'], ['DELETE', '/x']] as const) {
      const response = await app.inject({ method, url, headers: bearer(token) })
      t.equal(response.statusCode, 401, `${what}: ${response.body}`)
      t.match(response.headers, {
        'content-type': 'application/problem+json',
        'www-authenticate': 'Bearer realm="api", error="invalid_token"'
      })
      t.match(response.json(), { code: 'WEIR_ERR_INVALID_CREDENTIALS' })
    }
  }
  t.match((await app.inject({ url: '/x', headers: bearer(bad['expired'] ?? '') })).json(), {
    detail: /expired at \d{4}-/
  })
  for (const authorization of [
    'Basic YTpi',
    good,
    'Bearer',
    `Bearer ${good} x`,
    'ApiKey ci.x',
    ''
  ]) {
    t.equal(
      (await app.inject({ url: '/x', headers: { authorization } })).statusCode,
      401,
      authorization
    )
  }
  t.equal(
    (await app.inject({ url: '/x', headers: { authorization: `bearer ${good}` } })).statusCode,
    200,
    'schemes are case-insensitive'
  )
  t.equal(
    (
      await app.inject({
        url: '/x',
        headers: bearer(forged({ alg: 'HS256', typ: 'JWT' }, claims, hs256(secret)))
      })
    ).statusCode,
    200,
    'the claims of the forged tokens are accepted when signed'
  )
})

t.test('keys of several algorithms are accepted side by side, never for one another', async (t) => {
  const pem = ({ publicKey, privateKey }: { publicKey: KeyObject, privateKey: KeyObject }) => ({
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  })
  const [ed, rsa] = [
    pem(generateKeyPairSync('ed25519')),
    pem(generateKeyPairSync('rsa', { modulusLength: 2048 }))
  ]
  const app = await guardedApp(t, {
    jwt: [
      HS256,
      { algorithm: 'EdDSA', ...ed, issuer: 'https://id.example', audience: 'shop' },
      { algorithm: 'RS256', publicKey: rsa.publicKey }
    ]
  })
  const issuer = fastify()
  t.teardown(() => issuer.close())
  await issuer.register(auth, {
    jwt: [
      { algorithm: 'EdDSA', ...ed },
      { algorithm: 'RS256', ...rsa }
    ]
  })
  const status = async (token: string) =>
    (await app.inject({ method: 'DELETE', url: '/x', headers: bearer(token) })).statusCode
  const ada = { sub: 'ada', role: 'admin' }

  t.equal(await status(app.jwt.HS256.sign(ada, hour)), 200)
  t.equal(await status(app.jwt.EdDSA.sign(ada, hour)), 200)
  t.equal(await status(issuer.jwt.RS256.sign(ada, hour)), 200)
  t.throws(() => app.jwt.RS256.sign(ada, hour), /verify mode/)

  t.equal(await status(issuer.jwt.EdDSA.sign(ada, hour)), 401, 'no issuer and audience')
  t.equal(
    await status(issuer.jwt.EdDSA.sign(ada, { ...hour, iss: 'https://id.example', aud: 'blog' })),
    401
  )
  t.equal(
    await status(
      issuer.jwt.EdDSA.sign(ada, { ...hour, iss: 'https://evil.example', aud: 'shop' })
    ),
    401
  )
  for (const key of [ed.publicKey, rsa.publicKey]) {
    t.equal(
      await status(forged({ alg: 'HS256', typ: 'JWT' }, claims, hs256(key))),
      401,
      'a public key is no secret'
    )
  }
})

t.test('API keys', async (t) => {
  const ci = createApiKey('ci')
  const revoked = createApiKey('old')
  t.match(ci.key, /^ci\.[\w-]{43}$/)
  t.notMatch(ci.hash, ci.key)
  t.throws(() => createApiKey('a.b'), /give letters, digits/)
  let lookup: (id: string) => StoredApiKey | undefined | Promise<StoredApiKey | undefined> = (id) =>
    id === 'ci' ? { hash: ci.hash, user: { id: 'key:ci', role: 'editor', tier: 'pro' } } : undefined
  const app = await guardedApp(t, { apiKeys: (id) => lookup(id) })
  const post = (headers: Record<string, string>) =>
    app.inject({ method: 'POST', url: '/x', headers })

  t.same((await post({ 'x-api-key': ci.key })).json(), {
    id: 'key:ci',
    role: 'editor',
    tier: 'pro'
  })
  t.equal((await post({ authorization: `ApiKey ${ci.key}` })).statusCode, 200)
  for (const key of [
    revoked.key,
    'ci',
    'ci.',
    `${ci.key}x`,
    ci.key.slice(0, -1),
    `ci.${revoked.key}`,
    '',
    '.',
    ci.hash
  ]) {
    const refused = await post({ 'x-api-key': key })
    t.equal(refused.statusCode, 401, key)
    t.equal(refused.headers['www-authenticate'], 'ApiKey realm="api"')
    t.notMatch(refused.body, ci.key)
  }
  t.equal(
    (await post({ 'x-api-key': ci.key, authorization: `ApiKey ${ci.key}` })).statusCode,
    401,
    'one of them'
  )
  t.equal((await post({ authorization: 'Bearer x' })).statusCode, 401)

  lookup = async () => ({ hash: 'no hash', user: { id: 'x', role: 'admin' } })
  t.equal((await post({ 'x-api-key': ci.key })).statusCode, 401)
  for (const failing of [
    async () => {
      throw new Error('gone')
    },
    () => {
      throw new Error('gone')
    },
    async () => new Promise<undefined>(() => {})
  ]) {
    lookup = failing
    const refused = await post({ 'x-api-key': ci.key })
    t.equal(refused.statusCode, 503)
    t.equal(refused.headers['retry-after'], '1')
    t.match(refused.json(), { code: 'WEIR_ERR_AUTH_UNAVAILABLE' })
  }
})

t.test(
  'API keys: a lookup that returns no stored key is logged as a mistake, and the key is unknown',
  async (t) => {
    const { key, hash } = createApiKey('ci')
    const user = { id: 'ci', role: 'admin' }
    let found: unknown
    const { app, lines } = await buildService(t)
    // The types refuse these; plain JavaScript relies on the check.
    await app.register(auth, { apiKeys: () => found as never })
    app.get('/x', async ({ user }) => user)
    const get = async () => app.inject({ url: '/x', headers: { 'x-api-key': key } })
    const errors = () => lines.filter(({ level }) => level === 50)

    for (found of [
      { hash },
      { hash, user: 'ci' },
      { hash, user: { id: 'ci', role: 'root' } },
      { hash, user: { id: 7, role: 'admin' } },
      { hash, user: { ...user, tier: 7 } },
      { hash: 7, user },
      { hash: `${hash}00`, user },
      { hash: hash.replace(/./g, 'x'), user },
      { user },
      {},
      'ci',
      7,
      true,
      [user],
      Promise.resolve({ hash })
    ]) {
      lines.length = 0
      const refused = await get()
      t.equal(refused.statusCode, 401, JSON.stringify(found))
      t.match(refused.json(), { code: 'WEIR_ERR_INVALID_CREDENTIALS' })
      t.match(errors(), [
        {
          err: { code: 'WEIR_ERR_API_KEY_LOOKUP' },
          msg: /^apiKeys\("ci"\) did not return an API key: return \{ hash, user/
        }
      ])
    }
    lines.length = 0
    for (found of [undefined, null]) t.equal((await get()).statusCode, 401)
    found = { hash: hash.toUpperCase(), user }
    t.same((await get()).json(), user)
    t.same(errors(), [])
  }
)

t.test('limits: users by id, and clients without valid credentials by address', async (t) => {
  const app = await guardedApp(
    t,
    { jwt: [HS256] },
    { limit: 3, window: '1h', tiers: { pro: { limit: 5, window: '1h' } } }
  )
  const token = (sub: string, tier?: string) =>
    bearer(app.jwt.HS256.sign({ sub, ...(tier !== undefined && { tier }) }, hour))
  const wrong = bearer(forged({ alg: 'none' }, claims, () => ''))

  t.same(await statuses(app, 4, { url: '/x', headers: token('ada') }), [200, 200, 200, 429])
  t.same(
    await statuses(app, 1, { url: '/x', headers: token('ada'), remoteAddress: '192.0.2.9' }),
    [429],
    'from anywhere'
  )
  t.match(standing(await app.inject({ url: '/x', headers: token('bob') })), [
    200,
    '"default";r=2;t=2400'
  ])
  t.match(standing(await app.inject({ url: '/x', headers: token('eve', 'pro') })), [
    200,
    '"default";r=4;t=2880'
  ])

  t.match(
    standing(await app.inject({ url: '/x', headers: wrong })),
    [401, '"default";r=2;t=2400'],
    'a wrong token is charged to the address'
  )
  t.match(standing(await app.inject({ method: 'POST', url: '/x' })), [401, /r=1;/], 'so does none')
  t.match(standing(await app.inject({ url: '/nowhere', headers: wrong })), [404, /r=0;/])
  t.same(await statuses(app, 2, { url: '/x', headers: wrong }), [429, 429])
  t.same(await statuses(app, 1, { url: '/x' }), [429])
  t.same(await statuses(app, 1, { url: '/x', remoteAddress: '192.0.2.9' }), [200])
  t.match(
    standing(await app.inject({ url: '/nowhere', headers: token('bob') })),
    [404, /r=1;/],
    'a 404 is charged to the user'
  )
})

t.test(
  'the response cache: responses are shared if they are declared as public, and guarded by the route\'s role',
  async (t) => {
    const app = await guardedApp(t)
    await app.register(responseCache, { store: cacheStore(), origin: 'http://shop.test' })
    app.get('/public', { config: { cache: { ttl: '1h' } } }, async () => 'public')
    app.get(
      '/admin',
      { config: { role: 'admin', cache: { ttl: '1h' } } },
      async (_request, reply) => reply.header('cache-control', 'public').send('secret')
    )
    const admin = bearer(tokenOf(app, 'admin'))
    const get = async (url: string, headers = {}) => {
      const response = await app.inject({ url, headers })
      return [
        response.statusCode,
        String(response.headers['cache-status']).replace(/ttl=\d+; /, '')
      ]
    }
    t.same(
      await get('/public', admin),
      [200, 'weir; fwd=uri-miss; detail=AUTHORIZATION'],
      'who is known does not fill it'
    )
    t.match(await get('/public'), [200, /uri-miss.*stored/])
    t.same(
      await get('/public', admin),
      [200, 'weir; fwd=bypass; detail=AUTHORIZATION'],
      'and they get no response of others'
    )
    t.match(await get('/public', bearer('x')), [401, 'undefined'])

    t.match(await get('/admin', admin), [200, /stored/])
    t.match(await get('/admin', admin), [200, /^weir; hit/])
    t.match(await get('/admin'), [401, 'undefined'])
    t.match(await get('/admin', bearer(tokenOf(app, 'editor'))), [403, 'undefined'])
  }
)

t.test('OpenAPI: routes with a role declare how to authenticate', async (t) => {
  const app = await guardedApp(t, { jwt: [HS256], apiKeys: () => undefined })
  const { components, paths } = (await app.inject('/docs/json')).json<{
    components: object
    paths: Record<string, Record<string, object>>
  }>()
  t.match(components, {
    securitySchemes: {
      bearer: { type: 'http', scheme: 'bearer' },
      apiKey: { in: 'header', name: 'x-api-key' }
    }
  })
  t.match(paths['/x']?.['post'], { summary: 'Write', security: [{ bearer: [] }, { apiKey: [] }] })
  t.notMatch(paths['/x']?.['get'], { security: [] })
})

t.test('a mistake stops the boot', async (t) => {
  for (const [options, message] of [
    [{}, /weir-auth: option "jwt" is missing, and so is apiKeys/],
    [{ jwt: 'secret' }, /option "jwt" must be a list of keys/],
    [
      { jwt: [{ algorithm: 'HS256', secret: 'short' }] },
      /option "jwt" has a secret of less than 32 bytes/
    ],
    [{ jwt: [{ algorithm: 'EdDSA' }] }, /option "jwt" has no publicKey for EdDSA/],
    [{ jwt: [{ algorithm: 'none' }] }, /option "jwt" has a key for an algorithm other than/],
    [{ jwt: [null] }, /option "jwt" has a key for an algorithm other than/],
    [{ jwt: [HS256, HS256] }, /option "jwt" has several keys for HS256: give each its own kid/],
    [
      { jwt: [{ ...HS256, audence: 'shop' }] },
      /option "jwt\[0\]\.audence" is unknown: valid options are secret, algorithm, kid, issuer, audience$/
    ],
    [{ jwt: [{ ...HS256, publicKey: 'x' }] }, /option "jwt\[0\]\.publicKey" is unknown/],
    [
      { jwt: [{ algorithm: 'EdDSA', publicKey: 'x', secret }] },
      /option "jwt\[0\]\.secret" is unknown: valid options are publicKey, privateKey/
    ],
    [
      { jwt: [HS256, { ...HS256, kid: 'b', audience: '' }] },
      /option "jwt\[1\]\.audience" must be a non-empty string, not ""/
    ],
    [
      { jwt: [{ ...HS256, issuer: ['a'] }] },
      /option "jwt\[0\]\.issuer" must be a non-empty string, not \["a"\]/
    ],
    [{ apiKeys: {} }, /option "apiKeys" must be a function/]
  ] as const) {
    const app = fastify()
    t.teardown(() => app.close())
    await t.rejects(
      async () => {
        await app.register(auth, options as never)
      },
      { code: 'WEIR_ERR_PLUGIN_OPTION', message },
      String(message)
    )
  }
  const wrongKey = fastify()
  t.teardown(() => wrongKey.close())
  await t.rejects(async () => {
    await wrongKey.register(auth, { jwt: [{ algorithm: 'EdDSA', publicKey: 'no PEM' }] })
  }, /key/)

  const app = await guardedApp(t)
  const config = { role: 'root' } as object
  t.throws(() => app.get('/y', { config }, async () => 'y'), {
    code: 'WEIR_ERR_ROUTE_OPTION',
    message: /^Route GET \/y: config\.role must be one of reader, editor, admin, not "root"/
  })
  await t.rejects(
    async () => {
      await app.register(auth, { jwt: [HS256] })
    },
    { code: 'WEIR_ERR_REGISTERED_TWICE' }
  )

  const [late, cached] = [fastify(), fastify()]
  t.teardown(() => Promise.all([late.close(), cached.close()]))
  await late.register(auth, { jwt: [HS256] })
  await t.rejects(
    async () => {
      await late.register(rateLimit, { store: memoryStore() })
    },
    {
      code: 'WEIR_ERR_PLUGIN_ORDER',
      message:
        'weir-rate-limit must be registered before weir-auth: its 401 and 403 responses would not count'
    }
  )
  await cached.register(responseCache, { store: cacheStore() })
  await t.rejects(
    async () => {
      await cached.register(auth, { jwt: [HS256] })
    },
    {
      code: 'WEIR_ERR_PLUGIN_ORDER',
      message:
        'weir-auth must be registered before weir-response-cache: otherwise hits would be served to clients without the role'
    }
  )
})

t.test('API keys alone: a request without one is 401, and a key identifies its user', async (t) => {
  const { key, hash } = createApiKey('ci')
  const app = await guardedApp(t, {
    apiKeys: (id) => (id === 'ci' ? { hash, user: { id: 'ci', role: 'admin' } } : undefined)
  })
  t.equal((await app.inject('/x')).body, 'nobody')
  const refused = await app.inject({ method: 'POST', url: '/x' })
  t.match([refused.statusCode, refused.headers['www-authenticate']], [401, 'ApiKey realm="api"'])
  t.match(refused.json(), { code: 'WEIR_ERR_UNAUTHENTICATED' })
  t.same((await app.inject({ method: 'POST', url: '/x', headers: { 'x-api-key': key } })).json(), {
    id: 'ci',
    role: 'admin'
  })
})

t.test('keys are rotated by their kid', async (t) => {
  const oldKey = {
    algorithm: 'HS256',
    kid: 'old',
    secret: 'the old secret of the tests, long enough'
  } as const
  const newKey = {
    algorithm: 'HS256',
    kid: 'new',
    secret: 'the new secret of the tests, long enough'
  } as const
  const before = await guardedApp(t, { jwt: [oldKey] })
  const during = await guardedApp(t, { jwt: [newKey, oldKey] })
  const after = await guardedApp(t, { jwt: [newKey] })
  const [oldToken, newToken] = [tokenOf(before, 'reader'), tokenOf(during, 'reader')]
  const statuses = async (token: string) =>
    Promise.all(
      [before, during, after].map(
        async (app) => (await app.inject({ url: '/x', headers: bearer(token) })).statusCode
      )
    )
  t.same(await statuses(oldToken), [200, 200, 401])
  t.same(await statuses(newToken), [401, 200, 200], 'the first key signs')
  t.match((await before.inject({ url: '/x', headers: bearer(newToken) })).json(), {
    detail: /no key has the kid/
  })
  const unnamed = forged({ alg: 'HS256', typ: 'JWT' }, claims, hs256(oldKey.secret))
  t.same(await statuses(unnamed), [200, 200, 401], 'a token without a kid is tried with each key')
  const mislabelled = forged({ alg: 'HS256', typ: 'JWT', kid: 'new' }, claims, hs256(oldKey.secret))
  t.same(await statuses(mislabelled), [401, 401, 401])
  for (const jwt of [
    [oldKey, oldKey],
    [{ ...oldKey, kid: undefined as never }, newKey],
    [{ ...oldKey, kid: '' }],
    [{ ...oldKey, kid: 1 as never }]
  ]) {
    await t.rejects(guardedApp(t, { jwt }), { code: 'WEIR_ERR_PLUGIN_OPTION', message: /kid/ })
  }
})

t.test('clockTolerance: maximum difference of clocks', async (t) => {
  const now = Math.floor(Date.now() / 1000)
  const expired = forged({ alg: 'HS256', typ: 'JWT' }, { ...claims, exp: now - 20 }, hs256(secret))
  const early = forged({ alg: 'HS256', typ: 'JWT' }, { ...claims, nbf: now + 20 }, hs256(secret))
  for (const [clockTolerance, status] of [[undefined, 401], ['5s', 401], ['1m', 200]] as const) {
    const app = await guardedApp(t, { jwt: [HS256], ...clockTolerance && { clockTolerance } })
    for (const token of [expired, early]) {
      t.equal(
        (await app.inject({ url: '/x', headers: bearer(token) })).statusCode,
        status,
        String(clockTolerance)
      )
    }
  }
  await t.rejects(guardedApp(t, { jwt: [HS256], clockTolerance: 'a moment' as never }), {
    code: 'WEIR_ERR_PLUGIN_OPTION',
    message: /clockTolerance/
  })
})
