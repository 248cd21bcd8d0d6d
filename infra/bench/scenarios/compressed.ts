import { brotliDecompressSync } from 'node:zlib'
import { request } from 'undici'
import { productList } from '../children/product.js'
import { type Child, startChild } from '../children/start.js'
import { load, type Load, type Round, warmUp } from '../load.js'
import { interleave } from '../rounds.js'
import type { Scenario, Surroundings } from '../scenario.js'
import { versus } from '../versus.js'

const GENERATIONS = 3
const ROUNDS = 3
const SECONDS = 1
// Each response is compressed where there is no cache, which takes long for a thousand URLs.
const BROTLI: Load = { headers: () => ({ 'accept-encoding': 'br' }), expect: 200, urls: 100 }

/** Arguments of `children/compressed.js`, and whether Cache-Status must report a hit. */
interface Server {
  readonly what: string
  readonly args: readonly string[]
  readonly isHit: boolean
}

const cached: Server = { what: 'br, 16 KiB', args: ['--cached'], isHit: true }
const bare: Server = { what: '@fastify/compress', args: [], isHit: false }

/** A hit of a compressed response, which is stored as sent, against compressing it each time. */
export const compressed: Scenario = {
  name: 'compressed',
  about: 'a hit of 16 KiB of JSON stored as brotli against @fastify/compress on a bare route',
  async run (around) {
    const rounds = new Map<Server, Round[]>([[cached, []], [bare, []]])
    const generations = around.repeat(GENERATIONS)
    for (let generation = 1; generation <= generations; generation++) {
      around.say(`compressed: processes ${generation}/${generations}`)
      for (const [server, measured] of await generationOf(around)) {
        rounds.get(server)?.push(...measured)
      }
    }
    const side = (server: Server) => ({ what: server.what, rounds: rounds.get(server) ?? [] })
    return [versus('compressed', side(cached), side(bare), 10)]
  }
}

/** Rounds of freshly started servers. */
async function generationOf (around: Surroundings): Promise<Map<Server, Round[]>> {
  const running = new Map<Server, Child>()
  for (const server of [cached, bare]) {
    const child = await startChild('compressed', server.args)
    around.defer(() => child.end())
    running.set(server, child)
    await warmUp(child, BROTLI, around.stretch(SECONDS))
    await check(child, server)
  }
  const rounds = await interleave([...running], around.repeat(ROUNDS), async ([server, child]) => {
    const measured = await load(child, BROTLI, around.stretch(SECONDS))
    if (measured.fills > 0) {
      throw new Error(`${server.what}: ${measured.fills} of the responses were no hits`)
    }
    return measured
  })
  for (const child of running.values()) await child.end()
  return new Map([...rounds].map(([[server], measured]) => [server, measured]))
}

/** Checks that the response is the page in brotli, and from memory if it must be. */
async function check (child: Child, { what, isHit }: Server): Promise<void> {
  const { headers, body } = await request(`${String(child.ready['url'])}/products/1`, {
    headers: { 'accept-encoding': 'br' }
  })
  const bytes = Buffer.from(await body.arrayBuffer())
  const { 'content-encoding': encoding, 'cache-status': status = '' } = headers
  if (encoding !== 'br' || /; hit.*detail=memory/.test(String(status)) !== isHit) {
    throw new Error(
      `${what}: Content-Encoding: ${String(encoding)}, Cache-Status: ${String(status)}`
    )
  }
  if (brotliDecompressSync(bytes).toString() !== productList('1', 16_384)) {
    throw new Error(`${what}: decodes to something else`)
  }
}
