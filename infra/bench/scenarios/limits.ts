import { clientOf } from '../children/product.js'
import { type Child, startChild } from '../children/start.js'
import { load, type Load, type Round, warmUp } from '../load.js'
import { interleave } from '../rounds.js'
import type { Result, Scenario, Surroundings } from '../scenario.js'
import { versus } from '../versus.js'

const GENERATIONS = 3
const ROUNDS = 5
const SECONDS = 1

/** Of `children/limited.js`: who limits, whether clients have anything left, and the field by which it is seen that they do. */
interface Server {
  readonly what: string
  readonly by: string
  readonly expect: 200 | 429
  readonly field?: string
}

const plain: Server = { what: 'no limit', by: 'nothing', expect: 200 }
const allowed: Server = { what: 'allowed', by: 'weir', expect: 200, field: 'ratelimit' }
const denied: Server = { what: 'denied', by: 'weir', expect: 429, field: 'ratelimit' }
const theirs: Server = { what: '@fastify/rate-limit', by: 'fastify', expect: 200, field: 'x-ratelimit-limit' }
const deniedByThem: Server = { what: '@fastify/rate-limit denied', by: 'fastify', expect: 429, field: 'x-ratelimit-limit' }
const servers = [plain, allowed, denied, theirs, deniedByThem]

/** What a limit costs that all instances share: requests that are allowed and denied, of 1,000 clients in turn, over one Redis. */
export const limits: Scenario = {
  name: 'limits',
  about: 'a limited route against one without limits, denials, and both against @fastify/rate-limit, all in Redis',
  async run (around) {
    const measured = new Map<Server, Round[]>(servers.map((server) => [server, []]))
    for (let generation = 1; generation <= GENERATIONS; generation++) {
      for (const [server, rounds] of await generationOf(around, generation)) measured.get(server)?.push(...rounds)
    }
    const compare = (what: string, server: Server, other: Server, atLeast?: number): Result => versus('limits',
      { what, rounds: measured.get(server) ?? [] }, { what: other.what, rounds: measured.get(other) ?? [] }, atLeast)
    return [
      compare('allowed', allowed, plain),
      compare('denied', denied, allowed),
      compare('allowed, against theirs', allowed, theirs, 1),
      compare('denied, against theirs', denied, deniedByThem, 1)
    ]
  }
}

/** Rounds of freshly started servers. */
async function generationOf (around: Surroundings, generation: number): Promise<Map<Server, Round[]>> {
  const say = (doing: string, { what }: Server) => { around.say(`limits: processes ${generation}/${GENERATIONS}, ${doing}: ${what}`) }
  const running = new Map<Server, Child>()
  // In another order each time: those that wait longer could come off worse.
  for (const server of generation % 2 === 0 ? servers.toReversed() : servers) {
    say('warming up', server)
    const child = await started(around, server)
    running.set(server, child)
    await warmUp(child, requests(server), SECONDS)
    await check(child, server)
  }
  const rounds = await interleave([...running], ROUNDS, async ([server, child], round) => {
    say(`round ${round + 1}/${ROUNDS}`, server)
    const measured = await load(child, requests(server), SECONDS)
    if (server === allowed && measured.asked < 1) throw new Error('allowed: Redis was not asked for each request')
    return measured
  })
  for (const child of running.values()) await child.end()
  return new Map([...rounds].map(([[server], measured]) => [server, measured]))
}

const requests = ({ expect }: Server): Load => ({ expect, headers: clientOf })

async function started (around: Surroundings, { by, expect }: Server): Promise<Child> {
  // None of the clients gets near to a thousand a second, and nothing comes back within the hour.
  const limit = expect === 200 ? ['--limit', '1000', '--window', '1000'] : ['--limit', '1', '--window', '3600000', '--exhausted']
  const child = await startChild('limited', ['--by', by, '--redis', around.redis, ...limit])
  around.defer(() => child.end())
  return child
}

/** That it is what it should be that is measured. */
async function check (child: Child, { what, expect, field }: Server): Promise<void> {
  const response = await fetch(`${String(child.ready['url'])}/products/1`, { headers: clientOf('1') })
  await response.arrayBuffer()
  const isLimited = response.headers.has('ratelimit') || response.headers.has('x-ratelimit-limit')
  if (response.status !== expect || (field === undefined ? isLimited : !response.headers.has(field))) {
    throw new Error(`${what}: answered ${response.status} with ${[...response.headers.keys()].join(', ')}`)
  }
}
