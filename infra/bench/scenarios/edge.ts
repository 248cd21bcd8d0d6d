import { spawnSync } from 'node:child_process'
import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type EdgeDestination, nginx, varnish } from '@weir/edge'
import { type Child, startChild } from '../children/start.js'
import { findModule } from '../../tools/find-program.js'
import { freePort } from '../free-port.js'
import { load, type Round, warmUp } from '../load.js'
import { configured, nginxCommand, startProgram, varnishCommand } from '../proxy-program.js'
import type { Result, Scenario, Surroundings } from '../scenario.js'
import { spread } from '../statistics.js'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const CONFIGURATIONS = here('../../../bench/')
const VCL = here('../../../../packages/edge/varnish')
const ENSURE = here('../../tools/ensure.js')
const NEEDED = ['varnishd', 'libvmod_xkey.so', 'nginx', 'ngx_http_cache_purge_module.so']
const SAMPLES = 200
const SECONDS = 3
const ROUNDS = 3
const LOAD = { expect: 200, urls: 100 } as const

/** A proxy before the instance, and the destination that purges it. */
interface Edge {
  readonly name: string
  readonly child: Child
  readonly destination: EdgeDestination
}

/** Purge latency, and hits of Varnish and nginx against hits of an instance. */
export const edge: Scenario = {
  name: 'edge',
  about:
    'Varnish and nginx before an instance: time of a purge, hits/s against those ' +
    'of the instance',
  async run (around) {
    spawnSync(process.execPath, [ENSURE, ...NEEDED], { stdio: ['ignore', 'inherit', 'inherit'] })
    const origin = await startChild('edge-origin')
    around.defer(() => origin.end())
    const port = new URL(String(origin.ready['url'])).port
    const edges = [await startVarnish(around, port), await startNginx(around, port)]
    const results: Result[] = []
    for (const edge of edges) results.push(...await purges(around, edge))
    const servers = [{ name: 'instance', child: origin }, ...edges]
    for (const { name, child } of servers) {
      around.say(`edge: warming up ${name}`)
      await warmUp(child, LOAD, around.stretch(1))
    }
    const rounds = new Map<string, Round[]>(servers.map(({ name }) => [name, []]))
    for (let i = 0; i < around.repeat(ROUNDS); i++) {
      for (const { name, child } of servers) {
        around.say(`edge: hits of ${name}, round ${i + 1}`)
        rounds.get(name)?.push(await load(child, LOAD, around.stretch(SECONDS)))
      }
    }
    const own = rounds.get('instance') ?? []
    for (const { name } of edges) {
      const those = rounds.get(name) ?? []
      results.push({
        scenario: 'edge',
        what: 'hits',
        a: `${name} ${perSecond(those)}/s`,
        b: `instance ${perSecond(own)}/s`,
        unit: 'x',
        measured: spread(those.map((round, i) => round.perSecond / (own[i]?.perSecond ?? NaN))),
        byCpu: spread(those.map((round, i) => (own[i]?.cpuMicros ?? NaN) / round.cpuMicros)),
        rounds: those.map((round, i) => ({
          edge: round.perSecond,
          instance: own[i]?.perSecond ?? NaN,
          edgeCpuMicros: round.cpuMicros,
          instanceCpuMicros: own[i]?.cpuMicros ?? NaN
        }))
      })
    }
    return results
  }
}

const perSecond = (rounds: readonly Round[]) =>
  Math.round(spread(rounds.map(({ perSecond }) => perSecond)).median)

async function purges (around: Surroundings, { name, destination }: Edge): Promise<Result[]> {
  around.say(`edge: purges of ${name}`)
  const times: number[] = []
  const { signal } = new AbortController()
  for (let i = -10; i < around.repeat(SAMPLES); i++) {
    const began = performance.now()
    await destination.purge([`product:${i}`], { signal })
    if (i >= 0) times.push(performance.now() - began)
  }
  const sorted = times.toSorted((a, b) => a - b)
  const p99 = sorted[Math.floor(sorted.length * 0.99)] ?? NaN
  const rounds = times.map((ms) => ({ ms }))
  const common = { scenario: 'edge', a: `purge() of ${name}`, unit: 'ms', rounds } as const
  return [
    { ...common, what: 'confirmed purge, p50', measured: spread(times) },
    { ...common, what: 'confirmed purge, p99', measured: spread([p99]) }
  ]
}

async function startVarnish (around: Surroundings, originPort: string): Promise<Edge> {
  const folder = join(around.dir, 'varnish')
  const vcl = await configured(`${CONFIGURATIONS}edge.vcl`, folder, { ORIGIN_PORT: originPort })
  const port = await freePort()
  const child = await startProgram(
    port, [...varnishCommand(port, folder, vcl), '-p', `vcl_path=${VCL}`])
  around.defer(() => child.end())
  const destination = varnish({ urls: [String(child.ready['url'])], secret: 'benchmark' })
  return { name: 'varnish', child, destination }
}

async function startNginx (around: Surroundings, originPort: string): Promise<Edge> {
  const folder = join(around.dir, 'nginx')
  const port = await freePort()
  const config = await configured(`${CONFIGURATIONS}edge-nginx.conf`, folder, {
    ORIGIN_PORT: originPort,
    PORT: String(port),
    FOLDER: folder,
    MODULE: findModule('ngx_http_cache_purge_module.so') ?? ''
  })
  // Workers of a root process run as another user.
  await chmod(around.dir, 0o755)
  await chmod(folder, 0o755)
  const child = await startProgram(port, nginxCommand(folder, config))
  around.defer(() => child.end())
  const pages = (tag: string) => [`/products/${tag.slice('product:'.length)}`]
  return { name: 'nginx', child, destination: nginx({ urls: [String(child.ready['url'])], pages }) }
}
