// npm run bench:proxy
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Child, startChild } from '../children/start.js'
import { loadAverage, machine } from '../machine.js'
import { progress } from '../progress.js'
import { table } from '../table.js'
import { obstacle, proxies, type Proxy, startProxy } from './proxies.js'
import { replay, type Replayed } from './replay.js'
import { makeTrace } from './trace.js'

const USAGE = `npm run bench:proxy [-- --quick] [-- --seed N]

  --quick   2,500 requests in 5 s for each proxy, instead of 10,000 in 20 s
  --seed N  another trace; default 1
  --help    this`

// A trace of its own: the same URLs in another order.
const WARM_UP = { order: 2, requests: 2000, bursts: 3 }

interface Measured extends Replayed {
  readonly name: string
  readonly cpuMicros: number
  readonly requests: number
  readonly notModified: number
  readonly bytes: number
}

const { say, done } = progress(process.stderr)

// Children notice the end of this process and end themselves, along with everything they hold.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => process.exit(130))
}

const wish = wished()
if (wish === undefined) {
  console.error(USAGE)
  process.exitCode = 2
} else if (wish.help) console.log(USAGE)
else {
  await run(
    Number(wish.seed),
    wish.quick ? { requests: 2500, bursts: 5 } : { requests: 10_000, bursts: 20 }
  )
}

function wished () {
  try {
    const { values } = parseArgs({
      options: {
        quick: { type: 'boolean', default: false },
        seed: { type: 'string', default: '1' },
        help: { type: 'boolean', short: 'h', default: false }
      }
    })
    return Number.isSafeInteger(Number(values.seed)) ? values : undefined
  } catch {
    return undefined
  }
}

async function run (seed: number, length: { requests: number, bursts: number }): Promise<void> {
  const before = loadAverage()
  const keeper = await startChild('keeper')
  const measured: Measured[] = []
  const skipped: string[] = []
  try {
    for (const proxy of proxies) {
      const why = obstacle(proxy)
      if (why !== undefined) skipped.push(`${proxy.name} skipped: ${why}`)
      else {
        say(`${length.requests} requests: ${proxy.name}`)
        measured.push(
          await measure(proxy, seed, length, {
            dir: String(keeper.ready['dir']),
            redis: String(keeper.ready['redis'])
          })
        )
      }
    }
  } finally {
    await keeper.end()
  }
  done()
  console.log([report(measured), ...skipped].join('\n'))
  const { cpu, cores, node } = machine()
  console.log(
    `\n${cpu}, ${cores} cores, Node ${node}; seed ${seed}; load ${before.toFixed(1)} before, ${loadAverage().toFixed(1)} after`
  )
}

async function measure (
  proxy: Proxy,
  seed: number,
  length: { requests: number; bursts: number },
  { dir, redis }: { dir: string; redis: string }
): Promise<Measured> {
  const trace = makeTrace({ seed, ...length })
  const origin = await startChild('proxied-origin', [
    '--seed',
    String(seed),
    '--urls',
    String(trace.resources.length)
  ])
  const originPort = new URL(String(origin.ready['url'])).port
  const running: Child[] = []
  for (let i = 0; i < proxy.processes; i++) {
    const folder = join(dir, `${proxy.program ?? 'weir'}-${i}`)
    running.push(await startProxy(proxy, { originPort, folder, redis }))
  }
  const cpu = async (): Promise<number> => {
    let sum = 0
    for (const child of running) sum += (await child.ask())['cpuMicros'] ?? NaN
    return sum
  }
  const urls = running.map(({ ready }) => String(ready['url']))
  // Different requests for the same URLs compile code and open connections. Responses stored now
  // are stale soon.
  await replay(makeTrace({ seed, ...WARM_UP }), urls)
  const before = await origin.ask()
  const cpuBefore = await cpu()
  const replayed = await replay(trace, urls)
  const cpuMicros = (await cpu()) - cpuBefore
  const after = await origin.ask()
  const grown = (what: string): number => (after[what] ?? NaN) - (before[what] ?? NaN)
  for (const child of running) await child.end()
  await origin.end()
  return {
    name: proxy.name,
    ...replayed,
    cpuMicros,
    requests: grown('requests'),
    notModified: grown('notModified'),
    bytes: grown('bytes')
  }
}

function report (measured: readonly Measured[]): string {
  return table([
    [
      'proxy',
      'requests/s',
      'CPU µs/request',
      'hits',
      'origin requests',
      'of these 304',
      'origin MiB',
      'wrong answers'
    ],
    ...measured.map(
      ({ name, answered, seconds, cpuMicros, requests, notModified, bytes, faults }) => [
        name,
        (answered / seconds).toFixed(0),
        Number.isNaN(cpuMicros) ? '?' : (cpuMicros / answered).toFixed(0),
        `${((1 - requests / answered) * 100).toFixed(1)}%`,
        String(requests),
        String(notModified),
        (bytes / 1024 ** 2).toFixed(1),
        faults.size === 0 ? '0' : [...faults].map(([what, count]) => `${count} ${what}`).join(', ')
      ]
    )
  ])
}
