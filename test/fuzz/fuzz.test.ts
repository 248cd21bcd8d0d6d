import t from 'tap'
import { asEditor, tokenOf } from '../support/catalog.js'
import { Connection } from './connection.js'
import { fuzzRequest, type FuzzRequest } from './requests.js'
import { SERVICES, type ServiceName } from './routes.js'
import { type FuzzedService, startServices } from './services.js'
import { type Exchange, faultOf } from './verdict.js'

/*
 * Sends odd requests to all services at once, the same in each run. FUZZ_SEED=… makes others,
 * FUZZ_REQUESTS=… more, and FUZZ_ONLY=1234 sends the one with that number.
 */
const { FUZZ_SEED: seed = 'weir', FUZZ_REQUESTS = '8000', FUZZ_ONLY } = process.env
const REQUESTS = Number(FUZZ_REQUESTS)
/** Number of requests after which services have allocated their usual working memory. */
const WARM_UP = Math.ceil(REQUESTS / 4)
const WORKERS = 12
const MOST_GROWTH = 8 * 1024 * 1024

type Services = Readonly<Record<ServiceName, FuzzedService>>

t.test(
  'odd requests get valid responses, in time, without leaks',
  { timeout: 600_000 },
  async (t) => {
    const services = await startServices(t)
    t.comment(`FUZZ_SEED=${seed}`)
    if (FUZZ_ONLY !== undefined) {
      const request = fuzzRequest(seed, Number(FUZZ_ONLY))
      t.comment(request.service, request.bytes.toString('latin1').slice(0, 2000))
      const exchange = await ask(services, request)
      t.comment(
        exchange.ms,
        exchange.answer?.status,
        exchange.answer?.headers,
        exchange.answer?.body.toString().slice(0, 2000)
      )
      t.equal(faultOf(exchange), undefined)
      return
    }
    const faults = new Map<string, { count: number; first: string }>()
    const statuses: Record<string, number> = {}
    const begun = performance.now()
    const note = (exchange: Exchange) => {
      const status = exchange.answer?.status ?? 'none'
      statuses[status] = (statuses[status] ?? 0) + 1
      const fault = faultOf(exchange)
      const { number, service, method, target } = exchange.request
      if (fault === undefined) return
      const kind = `${service}: ${fault.replaceAll(/\d{4,}/g, '…')}`
      const { count = 0, first = `FUZZ_ONLY=${number} ${method} ${target.slice(0, 150)}` } =
        faults.get(kind) ?? {}
      faults.set(kind, { count: count + 1, first })
    }
    await send(services, 0, WARM_UP, note)
    const before = await heaps(services)
    await send(services, WARM_UP, REQUESTS, note)
    const after = await heaps(services)
    t.comment(`${Math.round((performance.now() - begun) / 1000)} s`, statuses)
    for (const [i, service] of SERVICES.entries()) {
      const [from = 0, to = Infinity] = [before[i], after[i]]
      t.comment(`${service}: ${megabytes(from)} MB of heap, then ${megabytes(to)} MB`)
      t.ok(to - from < MOST_GROWTH, `${service} keeps nothing of requests`)
    }
    const told = [...faults].map(
      ([kind, { count, first }]) => `${kind} (${count} times, ${first})`
    )
    t.strictSame(told, [], `all ${REQUESTS} answers are right, with FUZZ_SEED=${seed}`)

    for (const service of SERVICES) {
      t.equal(
        (await fetch(`${services[service].url}/health/ready`)).status,
        200,
        `${service} is ready`
      )
    }
    t.equal((await fetch(`${services.catalog.url}/api/products?limit=1`)).status, 200)
    t.equal((await fetch(`${services.weather.url}/api/weather/current?city=Berlin`)).status, 200)
    t.equal((await fetch(`${services.stats.url}/api/stats/summary`)).status, 200)
    for (const path of ['/shop', '/shop/products/1']) {
      t.equal((await fetch(services.storefront.url + path)).status, 200)
    }
    const body = JSON.stringify({ slug: 'after-all', name: 'After all' })
    t.equal(
      (
        await fetch(`${services.catalog.url}/api/categories`, {
          method: 'POST',
          headers: asEditor,
          body
        })
      ).status,
      201
    )
  }
)

/** Sends the requests with these numbers, a few at a time, and resolves when all are answered. */
async function send (
  services: Services,
  first: number,
  end: number,
  note: (exchange: Exchange) => void
): Promise<void> {
  let next = first
  await Promise.all(
    Array.from({ length: WORKERS }, async () => {
      const connections = new Map(
        SERVICES.map((service) => [service, new Connection(services[service].port)])
      )
      while (next < end) {
        const request = fuzzRequest(seed, next++)
        note(await ask(services, request, connections.get(request.service)))
      }
      for (const connection of connections.values()) connection.close()
    })
  )
}

/**
 * Malformed requests get a connection of their own: bytes after them would be read as part of them.
 */
async function ask (
  services: Services,
  request: FuzzRequest,
  connection?: Connection
): Promise<Exchange> {
  const used =
    request.isRaw || connection === undefined
      ? new Connection(services[request.service].port)
      : connection
  const begun = performance.now()
  const answer = await used.send(request.bytes, {
    isHead: request.method === 'HEAD',
    isLast: request.isRaw || connection === undefined
  })
  return { request, answer, ms: performance.now() - begun }
}

/** Heap sizes of the services without their caches, which are emptied. */
async function heaps (services: Services): Promise<number[]> {
  for (const [url, prefix] of [
    [services.catalog.url, 'api/catalog'],
    [services.weather.url, 'api/weather'],
    [services.storefront.url, 'shop']
  ]) {
    const headers = {
      authorization: `Bearer ${tokenOf('admin')}`,
      'content-type': 'application/json'
    }
    const { status } = await fetch(`${url}/${prefix}/cache/invalidations`, {
      method: 'POST',
      headers,
      body: '{"all":true}'
    })
    if (status !== 200) throw new Error(`${prefix} could not be purged: ${status}`)
  }
  return Promise.all(SERVICES.map((service) => services[service].heap()))
}

const megabytes = (bytes: number): string => (bytes / 1024 / 1024).toFixed(1)
