import { request } from 'undici'
import { headerArguments } from './children/headers.js'
import { type Child, startChild } from './children/start.js'
import { type Load, load, type Round, warmUp } from './load.js'
import { interleave } from './rounds.js'
import type { Result, Surroundings } from './scenario.js'
import { versus } from './versus.js'

/** A service with the plugins, compared with a bare one. */
export interface Contender {
  readonly what: string
  /** Arguments of `children/cached.js`. */
  readonly args: readonly string[]
  /** The expected Cache-Status, to be sure that the right path is measured. */
  readonly cacheStatus: string
  /** The lowest acceptable part of the bare server's requests per second; none: informational. */
  readonly atLeast?: number
}

export interface Comparison {
  readonly scenario: string
  readonly contenders: readonly Contender[]
  /**
   * Child and arguments of the server to compare with: a bare server, which receives the headers to
   * send as arguments; or another one with the plugins, which sets headers itself, and its expected
   * Cache-Status.
   */
  readonly bare: {
    readonly what: string
    readonly child: string
    readonly args: readonly string[]
    readonly cacheStatus?: string
  }
  readonly load: Load
  /** Number of processes of each. More processes reveal smaller differences. */
  readonly generations?: number
  /** Rounds of each process. */
  readonly rounds?: number
}

// Two processes of the same program differ by a tenth for their whole life, because memory layout
// and compilation differ. Several of each therefore take part.
const GENERATIONS = 3
const ROUNDS = 3
const SECONDS = 1
const WARM_UP_SECONDS = 1
// Node and Fastify add these to every reply.
const ADDED = new Set(['connection', 'keep-alive', 'content-length', 'date', 'transfer-encoding'])

/**
 * Loads each contender and the bare server in turn with the same requests, and compares them round
 * by round.
 */
export async function compareServers (
  around: Surroundings,
  comparison: Comparison
): Promise<Result[]> {
  const { scenario, contenders, bare } = comparison
  const generations = generationsOf(around, comparison)
  const all = new Map<Contender | undefined, Round[]>()
  for (let generation = 1; generation <= generations; generation++) {
    for (const [contender, rounds] of await generationOf(around, comparison, generation)) {
      all.set(contender, [...(all.get(contender) ?? []), ...rounds])
    }
  }
  const other = { what: bare.what, rounds: all.get(undefined) ?? [] }
  return contenders.map((contender) =>
    versus(
      scenario,
      { what: contender.what, rounds: all.get(contender) ?? [] },
      other,
      contender.atLeast
    )
  )
}

const generationsOf = (
  { repeat }: Surroundings,
  { generations = GENERATIONS }: Comparison
): number => repeat(generations)

/** Rounds of freshly started servers; those of the bare server are under `undefined`. */
async function generationOf (
  around: Surroundings, comparison: Comparison, generation: number
): Promise<Map<Contender | undefined, Round[]>> {
  const { scenario, bare, load: what } = comparison
  const [generations, perProcess] = [
    generationsOf(around, comparison),
    around.repeat(comparison.rounds ?? ROUNDS)
  ]
  const say = (doing: string, name: string) => {
    around.say(`${scenario}: processes ${generation}/${generations}, ${doing}: ${name}`)
  }
  const servers = new Map<Contender | undefined, Child>()
  let headers: Record<string, string> | undefined
  for (const contender of startOrder(comparison, generation)) {
    const { what: name, args, cacheStatus } = contender ?? bare
    say('warming up', name)
    const told = cacheStatus === undefined ? headerArguments(headers ?? {}) : []
    const server = await started(around, contender === undefined ? bare.child : 'cached', [
      ...args,
      ...told
    ])
    servers.set(contender, server)
    await warmUp(server, what, around.stretch(WARM_UP_SECONDS))
    const sent = await sample(server, what, cacheStatus)
    if (headers !== undefined) checkSame(headers, sent)
    headers = sent
  }

  const rounds = await interleave(
    [...servers.entries()],
    perProcess,
    async ([contender, server], round) => {
      const name = contender?.what ?? bare.what
      say(`round ${round + 1}/${perProcess}`, name)
      const measured = await load(server, what, around.stretch(SECONDS))
      if (measured.fills > 0) {
        throw new Error(`${name}: ${measured.fills} of the responses were no hits`)
      }
      return measured
    },
    (generation - 1) * perProcess
  )
  for (const server of servers.values()) await server.end()
  return new Map([...rounds].map(([[contender], measured]) => [contender, measured]))
}

/**
 * A server that receives the headers to send must start last. The others start in turn: a longer
 * wait could be a disadvantage.
 */
function startOrder (
  { contenders, bare }: Comparison,
  generation: number
): (Contender | undefined)[] {
  const order = [...contenders, undefined]
  return bare.cacheStatus !== undefined && generation % 2 === 0 ? order.toReversed() : order
}

async function started (
  around: Surroundings,
  name: string,
  args: readonly string[]
): Promise<Child> {
  const child = await startChild(name, args)
  around.defer(() => child.end())
  return child
}

/** The headers of one response, without those that every reply has. */
async function sample (
  server: Child,
  { headers, expect }: Load,
  cacheStatus?: string
): Promise<Record<string, string>> {
  // fetch() would add Cache-Control: no-cache to a conditional request.
  const response = await request(`${String(server.ready['url'])}/products/1`, {
    headers: { ...headers?.('1') }
  })
  await response.body.dump()
  const said = String(response.headers['cache-status'] ?? '')
  if (
    response.statusCode !== expect ||
    (cacheStatus !== undefined && !said.includes(cacheStatus))
  ) {
    throw new Error(
      `expected ${expect} and ${cacheStatus} of the server, got ${response.statusCode} and Cache-Status: ${said}`
    )
  }
  return Object.fromEntries(
    Object.entries(response.headers).flatMap(([name, value]) =>
      ADDED.has(name) ? [] : [[name, String(value)]]
    )
  )
}

function checkSame (
  a: Readonly<Record<string, string>>,
  b: Readonly<Record<string, string>>
): void {
  const [left, right] = [a, b].map((headers) => Object.keys(headers).sort().join(', '))
  if (left !== right) {
    throw new Error(`both sides must send the same headers, not\n  ${left}\n  ${right}`)
  }
}
