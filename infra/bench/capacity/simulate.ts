import { randomFrom } from '../../load/shop/random.js'
import type { RequestClass, Traffic } from './formula.js'

export interface Fleet extends Traffic {
  readonly instances: number
  readonly seconds: number
  /** The second from which on one instance is missing. Default: never. */
  readonly lostAt?: number
}

export interface Seen {
  /** Milliseconds. After `lostAt`: of the requests after it, if there is one. */
  readonly p99: number
  /** Share of its core that an instance used, on average. */
  readonly busy: number
  /** Milliseconds of work that was left at the end on the instance with most. */
  readonly left: number
}

/** Standing work is done this often, in milliseconds: five proofs in a lease of 50 ms. */
const TICK = 10

/**
 * Simulates instances that handle one request after another, as an event loop does. Requests come
 * at random times, independent of each other and of responses, each to a random instance. Time is
 * counted, not waited for, and chance repeats by seed.
 */
export function simulate ({
  classes, standing, instances, seconds, lostAt = Infinity
}: Fleet, seed = 1): Seen {
  if (instances < 1 || (instances < 2 && lostAt < seconds)) throw new RangeError('no instance')
  const random = randomFrom(seed)
  const end = seconds * 1000
  const lost = lostAt * 1000
  const fleet = Array.from({ length: instances }, () => ({ freeAt: 0, tick: 0, worked: 0 }))
  const work = (instance: { freeAt: number, worked: number }, from: number, ms: number) => {
    instance.freeAt = Math.max(instance.freeAt, from) + ms
    instance.worked += ms
  }
  const perMs = classes.reduce((sum, { perSecond }) => sum + perSecond, 0) / 1000
  const times: number[] = []
  for (let now = 0; ;) {
    now -= Math.log(1 - random()) / perMs
    if (now > end) break
    const alive = now < lost ? instances : instances - 1
    const instance = fleet[Math.floor(random() * alive)]
    if (instance === undefined) throw new RangeError(`no instance of ${alive}`)
    for (; instance.tick <= now; instance.tick += TICK) {
      work(instance, instance.tick, standing * TICK)
    }
    work(instance, now, pick(classes, random() * perMs * 1000).cpuMs)
    if (lost === Infinity || now >= lost) times.push(instance.freeAt - now)
  }
  const sorted = Float64Array.from(times).sort()
  return {
    p99: sorted[Math.floor(sorted.length * 0.99)] ?? NaN,
    busy: fleet.reduce((sum, { worked }) => sum + worked, 0) / end / instances,
    left: Math.max(...fleet.map(({ freeAt }) => freeAt - end), 0)
  }
}

/** The class of a request, in proportion to its rate. */
function pick (classes: readonly RequestClass[], at: number): RequestClass {
  let rest = at
  const last = classes.at(-1)
  if (last === undefined) throw new RangeError('no requests')
  return classes.find(({ perSecond }) => (rest -= perSecond) < 0) ?? last
}
