import { startChild } from '../children/start.js'
import { type Load, load, type Round, warmUp } from '../load.js'
import { interleave } from '../rounds.js'
import type { Result, Scenario, Surroundings } from '../scenario.js'
import { versus } from '../versus.js'

// Three paths of one process, in turn: differences of a hundredth must be visible.
const GENERATIONS = 4
const ROUNDS = 8
const SECONDS = 0.5

/** Numbers of URLs: a few that are requested all the time, a shop, and more than are sampled. */
const URLS = [100, 1000, 5000] as const

/**
 * The cost of shadow mode: a route that computes 1 KiB of JSON, with and without. The difference
 * between two paths without it shows the noise.
 */
export const shadow: Scenario = {
  name: 'shadow',
  about: 'a route of JSON that shadow mode observes against one that it does not',
  async run (around) {
    const results: Result[] = []
    for (const urls of URLS) results.push(...await withUrls(around, urls))
    return results
  }
}

async function withUrls (around: Surroundings, urls: number): Promise<Result[]> {
  const paths = ['/plain', '/products', '/again'] as const
  const all = new Map<string, Round[]>()
  for (let generation = 0; generation < around.repeat(GENERATIONS); generation++) {
    around.say(`shadow: ${urls} URLs, process ${generation + 1}`)
    const server = await startChild('observed')
    around.defer(() => server.end())
    const loadOf = (at: string): Load => ({ expect: 200, urls, at })
    for (const path of paths) await warmUp(server, loadOf(path), around.stretch(1))
    const rounds = await interleave(paths, around.repeat(ROUNDS), (path) =>
      load(server, loadOf(path), around.stretch(SECONDS)))
    for (const [path, measured] of rounds) all.set(path, [...(all.get(path) ?? []), ...measured])
    await server.end()
  }
  const side = (what: string, path: string) => ({ what, rounds: all.get(path) ?? [] })
  const plain = side('not observed', '/plain')
  return [
    versus('shadow', side(`observed, ${urls} URLs`, '/products'), plain, 0.99),
    versus('shadow', side(`not, again, ${urls} URLs: the noise`, '/again'), plain)
  ]
}
