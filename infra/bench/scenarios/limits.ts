import { headerArguments } from '../children/headers.js'
import { clientOf, PRODUCTS } from '../children/product.js'
import { type Child, startChild } from '../children/start.js'
import { load, type Load, type Round, warmUp } from '../load.js'
import { interleave } from '../rounds.js'
import type { Result, Scenario, Surroundings } from '../scenario.js'
import { versus } from '../versus.js'

const GENERATIONS = 3
const ROUNDS = 2
const SECONDS = 1

/**
 * Arguments of `children/limited.js`, the expected status, and the header field that shows which
 * limiter is at work.
 */
interface Server {
  readonly what: string
  readonly by: string
  readonly in?: 'redis'
  readonly cached?: true
  readonly expect: 200 | 429
  readonly field?: string
  /** Sends a prebuilt copy of that server's response, and therefore starts after it. */
  readonly like?: Server
}

const plain: Server = { what: 'no limit', by: 'nothing', expect: 200 }
const inMemory: Server = { what: 'memory, allowed', by: 'weir', expect: 200, field: 'ratelimit' }
const theirsInMemory: Server = {
  what: '@fastify/rate-limit, memory',
  by: 'fastify',
  expect: 200,
  field: 'x-ratelimit-limit'
}
const inRedis: Server = {
  what: 'Redis, allowed',
  by: 'weir',
  in: 'redis',
  expect: 200,
  field: 'ratelimit'
}
const theirsInRedis: Server = {
  what: '@fastify/rate-limit, Redis',
  by: 'fastify',
  in: 'redis',
  expect: 200,
  field: 'x-ratelimit-limit'
}
const hit: Server = {
  what: 'Redis, allowed, hit from memory',
  by: 'weir',
  in: 'redis',
  cached: true,
  expect: 200,
  field: 'ratelimit'
}
const denied: Server = {
  what: 'Redis, denied',
  by: 'weir',
  in: 'redis',
  cached: true,
  expect: 429,
  field: 'ratelimit'
}
const ready: Server = {
  what: 'a ready 429',
  by: 'nothing',
  expect: 429,
  field: 'ratelimit',
  like: denied
}
const servers = [plain, inMemory, theirsInMemory, inRedis, theirsInRedis, hit, denied, ready]

// Node and Fastify add these to every reply.
const ADDED = new Set(['connection', 'keep-alive', 'content-length', 'date'])

/**
 * Measures the cost of a limit: allowed and denied requests of 1,000 clients in turn, each far from
 * its limit or beyond it.
 */
export const limits: Scenario = {
  name: 'limits',
  about:
    'a limited route against @fastify/rate-limit, in memory and in Redis; a denial against a hit and against a prebuilt 429',
  async run (around) {
    const measured = new Map<Server, Round[]>(servers.map((server) => [server, []]))
    const generations = around.repeat(GENERATIONS)
    for (let generation = 1; generation <= generations; generation++) {
      for (const [server, rounds] of await generationOf(around, `${generation}/${generations}`)) {
        measured.get(server)?.push(...rounds)
      }
    }
    const compare = (server: Server, other: Server, atLeast?: number): Result =>
      byCpu(
        versus(
          'limits',
          { what: server.what, rounds: measured.get(server) ?? [] },
          { what: other.what, rounds: measured.get(other) ?? [] },
          atLeast
        )
      )
    return [
      compare(inMemory, plain),
      compare(inMemory, theirsInMemory, 1),
      compare(inRedis, theirsInRedis, 1.5),
      compare(denied, hit, 1.5),
      compare(denied, ready, 0.9)
    ]
  }
}

/** Judges by CPU time: for cheap requests, the load generator limits requests per second. */
function byCpu (result: Result): Result {
  return result.byCpu === undefined ? result : { ...result, measured: result.byCpu }
}

/** Rounds of freshly started servers. */
async function generationOf (
  around: Surroundings,
  generation: string
): Promise<Map<Server, Round[]>> {
  const say = (doing: string, { what }: Server) => {
    around.say(`limits: processes ${generation}, ${doing}: ${what}`)
  }
  const [count, seconds] = [around.repeat(ROUNDS), around.stretch(SECONDS)]
  const running = new Map<Server, Child>()
  for (const server of servers) {
    say('warming up', server)
    const child = await started(around, server, running)
    running.set(server, child)
    if (server.expect === 429 && server.like === undefined) await exhaust(child)
    await warmUp(child, requests(server), seconds)
    await check(child, server)
  }
  const rounds = await interleave([...running], count, async ([server, child], round) => {
    say(`round ${round + 1}/${count}`, server)
    return load(child, requests(server), seconds)
  })
  for (const child of running.values()) await child.end()
  return new Map([...rounds].map(([[server], measured]) => [server, measured]))
}

const requests = ({ expect }: Server): Load => ({ expect, headers: clientOf })

async function started (
  around: Surroundings,
  server: Server,
  running: ReadonlyMap<Server, Child>
): Promise<Child> {
  const { by, in: where, cached, expect, like } = server
  // No client gets near a thousand requests per second, and no budget is restored within the hour.
  const limit =
    expect === 200
      ? ['--limit', '1000', '--window', '1000']
      : ['--limit', '1', '--window', '3600000']
  const model = like && running.get(like)
  const child = await startChild('limited', [
    '--by',
    by,
    ...(where === 'redis' ? ['--redis', around.redis] : []),
    ...(cached ? ['--cached'] : []),
    ...(model === undefined ? limit : await readyArguments(model, expect))
  ])
  around.defer(() => child.end())
  return child
}

/**
 * Uses up each client's budget over HTTP: injected requests would give V8 a wrong idea of object
 * lifetimes.
 */
async function exhaust (child: Child): Promise<void> {
  for (let id = 0; id < PRODUCTS; id++) await (await askedOnce(child, `${id}`)).arrayBuffer()
}

/** Arguments for a server that sends the same response as `model`. */
async function readyArguments (model: Child, status: number): Promise<string[]> {
  const response = await askedOnce(model)
  const headers = Object.fromEntries([...response.headers].filter(([name]) => !ADDED.has(name)))
  return ['--status', `${status}`, '--text', await response.text(), ...headerArguments(headers)]
}

const askedOnce = (child: Child, id = '1') =>
  fetch(`${String(child.ready['url'])}/products/${id}`, { headers: clientOf(id) })

/** Checks that the server sends the expected response. */
async function check (child: Child, { what, expect, field, cached }: Server): Promise<void> {
  const response = await askedOnce(child)
  await response.arrayBuffer()
  const isLimited = response.headers.has('ratelimit') || response.headers.has('x-ratelimit-limit')
  const isHit = /; hit/.test(response.headers.get('cache-status') ?? '')
  const isExpected = field === undefined ? !isLimited : response.headers.has(field)
  if (response.status !== expect || !isExpected || isHit !== (cached === true && expect === 200)) {
    throw new Error(
      `${what}: answered ${response.status} with ${[...response.headers.keys()].join(', ')}`
    )
  }
}
