import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildApp as buildCatalog } from '@weir/catalog'
import auth, { type Role } from '@weir/fastify/auth'
import { loadEnv } from '@weir/fastify/service'
import { fastify, type FastifyInstance } from 'fastify'
import { type Test } from 'tap'
import { buildApp } from '../../src/app.js'
import { storefrontEnv } from '../../src/env.js'

const JWT_SECRET = 'a secret of the tests, which is long enough'
const signer = fastify()
await signer.register(auth, { jwt: [{ algorithm: 'HS256', secret: JWT_SECRET }] })

/** Returns a token of a user with this role, named like it. */
export const tokenOf = (role: Role, expiresIn = '1h') =>
  signer.jwt.HS256.sign({ sub: role, role }, { expiresIn })
/** Returns the headers of a signed-in browser that sends a form of this site. */
export const signedIn = (role: Role) => ({
  cookie: `weir_shop=${tokenOf(role)}`,
  'sec-fetch-site': 'same-origin',
  accept: 'text/html'
})
export const FORM = 'application/x-www-form-urlencoded'

export async function tempDir (t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-test-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Limits that let tests tolerate a busy machine: for answers of Redis and the event loop. */
const PATIENT = { MAX_EVENT_LOOP_DELAY: '0', REDIS_COMMAND_TIMEOUT: '2000' }
const common = {
  ...PATIENT,
  PORT: '0',
  LOG_LEVEL: 'silent',
  JWT_SECRET,
  RATE_LIMIT_ALLOW: '127.0.0.1'
}

/** Returns an instance of the storefront, ready and closed with the test. */
export async function build (t: Test, env: Record<string, string>): Promise<FastifyInstance> {
  const app = await buildApp(loadEnv(storefrontEnv, { ...common, INSTANCE: 'shop', ...env }))
  t.teardown(() => app.close())
  await app.ready()
  return app
}

/** Starts a real instance of the catalog over the sample shop, listening. */
export async function startCatalog (
  t: Test,
  env: Record<string, string>
): Promise<{ app: FastifyInstance; origin: string }> {
  const app = await buildCatalog(
    loadEnv(storefrontEnv, { ...common, INSTANCE: 'catalog', ...env })
  )
  t.teardown(() => app.close())
  return { app, origin: await app.listen({ host: '127.0.0.1', port: 0 }) }
}

export type Answerer = (request: IncomingMessage, response: ServerResponse) => void

/** Server whose responses a test controls. */
export interface Fake {
  readonly origin: string
  /** Requested paths. */
  readonly asked: string[]
  answer: Answerer
}

export async function startFake (t: Test, answer: Answerer): Promise<Fake> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    fake.answer(request, response)
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => {
    server.closeAllConnections()
    return new Promise((resolve) => { server.close(resolve) })
  })
  const fake: Fake = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    answer
  }
  return fake
}

export const json =
  (body: unknown, status = 200, headers: Record<string, string> = {}): Answerer =>
    (_request, response) => {
      response
        .writeHead(status, { 'content-type': 'application/json', ...headers })
        .end(JSON.stringify(body))
    }

/** Simulates a service that is gone: connections are cut. */
export const gone: Answerer = (request) => { request.socket.destroy() }

export const SUNNY = {
  place: { name: 'Berlin' },
  source: 'simulated',
  fetchedAt: '2026-01-01T12:00:00Z',
  current: { temperature: 21.4, apparentTemperature: 20, windSpeed: 11, conditions: 'clear sky' }
}
export const sunny = json(SUNNY)

export interface Article {
  id: number,
  sku: string,
  name: string,
  description: string,
  categoryId: number
  price: number,
  currency: string,
  stock: number,
  version: number,
  createdAt: string,
  updatedAt: string
}

export const article = (id: number, fields: Partial<Article> = {}): Article => ({
  id,
  sku: `A-${id}`,
  name: `Lamp ${id}`,
  description: 'Made of oak.',
  categoryId: 1,
  price: 1299,
  currency: 'EUR',
  stock: 5,
  version: 1,
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
  ...fields
})

/** Returns a catalog of a few products, in memory, which can be changed without invalidation. */
export function fakeCatalog (products: Article[]): Answerer {
  return (request, response) => {
    const url = new URL(request.url ?? '/', 'http://catalog')
    const id = Number(/^\/api\/products\/(\d+)$/.exec(url.pathname)?.[1])
    const product = products.find((one) => one.id === id)
    if (url.pathname === '/api/categories') {
      const category = {
        id: 1,
        slug: 'lighting',
        name: 'Lighting',
        description: 'Light.',
        version: 1
      }
      return json({ items: [{ ...category, productCount: products.length }] })(request, response)
    }
    if (url.pathname === '/api/products') {
      return json({
        items: products,
        next: null,
        page: 1,
        pages: 1,
        total: products.length,
        limit: 20
      })(request, response)
    }
    if (product === undefined) {
      return json({ detail: 'There is none.', code: 'NONE' }, 404)(request, response)
    }
    json(product, 200, { etag: `"${product.id}-${product.version}"` })(request, response)
  }
}
