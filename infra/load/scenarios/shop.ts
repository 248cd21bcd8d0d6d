import { loadAverage, machine } from '../../bench/machine.js'
import { type ComparedLoad, type Comparison, sideFigures } from '../shop/comparison.js'
import { CONNECTIONS, type Side, startSide } from '../shop/side.js'
import { type Arrival, type Traffic } from '../shop/traffic.js'
import { entriesIn, type Usage, usageOf } from '../shop/usage.js'
import { type Result } from '../result.js'
import type { Scenario, Surroundings } from '../scenario.js'

const NAME = 'shop'
const SEED = 42
/** Requests per second that two busy cores can also serve without caching. */
const RATE = 5
/** Number of stretches per load, one side after the other, so that a busy machine affects both. */
const ROUNDS = 2
/** Concurrent requests where each side serves as many as it can. */
const AT_ONCE = 8
/** Milliseconds between two saves of the editor. */
const PAUSE = 5000
/**
 * Unmeasured warm-up, as a part of the measurement's time: code is compiled, and popular pages are
 * cached.
 */
const WARM_UP = 0.8

export const shop: Scenario = {
  name: NAME,
  about:
    'shoppers and an editor in a shop of its own, with and without caching, side by side. Only by name',
  parts: [
    'same rate, cached',
    'same rate, uncached',
    'as fast as it can, cached',
    'as fast as it can, uncached'
  ],
  alone: { seconds: 22, rate: RATE },
  async run (around) {
    const { say, signal, note, connections: atOnce = AT_ONCE, rate = RATE } = around
    const [wanting, cores] = [Math.round(loadAverage()), machine().cores]
    if (wanting > cores) {
      note(
        `${wanting} processes competed for the ${cores} cores before the run: other work shared the machine. ` +
          'The figures compare the two sides; they do not predict the speed on other machines.'
      )
    }
    const sides: Side[] = []
    try {
      say('shop: starting two shops, with caching and without')
      const started = await Promise.allSettled([startSide('on'), startSide('off')])
      sides.push(...started.flatMap((side) => (side.status === 'fulfilled' ? [side.value] : [])))
      for (const side of started) if (side.status === 'rejected') throw side.reason
      for (const side of sides) {
        say(`shop: warming up ${nameOf(side)}`)
        await side.traffic({ atOnce }, SEED + 1).send(around.seconds * WARM_UP, signal)
      }
      const loads = [
        await compare(around, sides, 'same rate', { perSecond: rate }),
        await compare(around, sides, 'as fast as it can', { atOnce })
      ]
      const compared = {
        rate,
        atOnce,
        seed: SEED,
        products: sides[0]?.place.products ?? 0,
        pause: PAUSE,
        loads: loads.map(({ load }) => load),
        ends: await endsOf(sides)
      }
      const comparison = { ...compared, checks: checksOf(compared) }
      return loads
        .flatMap(({ results }) => results)
        .map((result, i) => (i === 0 ? { ...result, comparison } : result))
    } finally {
      await Promise.all(sides.map((side) => side.end()))
    }
  }
}

const nameOf = ({ caching }: Pick<Side, 'caching'>): string =>
  caching === 'on' ? 'cached' : 'uncached'

/** Puts the same load on both sides, in turn. */
async function compare (
  { seconds, say, signal }: Surroundings,
  sides: readonly Side[],
  name: ComparedLoad['name'],
  arrival: Arrival
): Promise<{ load: ComparedLoad; results: Result[] }> {
  const measured = sides.map((side) => ({
    side,
    traffic: side.traffic(arrival, SEED),
    stretches: [] as [Usage, Usage][]
  }))
  for (let round = 1; round <= ROUNDS; round++) {
    for (const { side, traffic, stretches } of measured) {
      if (signal.aborted) break
      say(
        `shop: ${name}, ${nameOf(side)}, ${round} of ${ROUNDS}: ${(seconds / ROUNDS).toFixed(1)} s`
      )
      const before = await usageOf(side)
      await visited(side, traffic, seconds / ROUNDS, signal)
      stretches.push([before, await usageOf(side)])
    }
  }
  const all = measured.map(({ side, traffic, stretches }) => ({
    side,
    figures: traffic.figures(),
    stretches
  }))
  return {
    load: {
      name,
      sides: all.map(({ side, figures, stretches }) =>
        sideFigures(side.caching, figures, stretches)
      )
    },
    results: all.map(({ side, figures: { kinds: _, ...figures } }) => ({
      scenario: NAME,
      part: `${name}, ${nameOf(side)}`,
      connections: 'atOnce' in arrival ? arrival.atOnce : CONNECTIONS,
      rate: 'perSecond' in arrival ? arrival.perSecond : null,
      ...figures
    }))
  }
}

/** One stretch: shoppers visit while the editor saves. */
async function visited (
  side: Side,
  traffic: Traffic,
  seconds: number,
  signal: AbortSignal
): Promise<void> {
  await Promise.all([side.editor.work(PAUSE, seconds, signal), traffic.send(seconds, signal)])
}

async function endsOf (sides: readonly Side[]): Promise<Comparison['ends']> {
  return Promise.all(sides.map(async ({ caching, redis, versions, editor, ...side }) => {
    const { redis: { bytes, keys } } = await usageOf({ ...side, redis })
    const times = editor.times.toSorted((a, b) => a - b)
    return {
      caching,
      saves: editor.saves,
      saveMedian: times[Math.floor(times.length / 2)] ?? 0,
      saveMost: times.at(-1) ?? 0,
      checked: versions.checked,
      older: versions.older,
      unseen: editor.unseen,
      failed: editor.failed,
      redisBytes: bytes,
      redisKeys: keys,
      entries: await entriesIn(redis)
    }
  }))
}

/** Checks that must hold whatever the figures are. */
function checksOf ({ loads, ends }: Omit<Comparison, 'checks'>): Comparison['checks'] {
  const errors = [
    ...loads.flatMap(({ sides }) => sides).map(({ errors }) => errors),
    ...ends.map(({ failed }) => failed)
  ]
  const bySide = (of: (end: Comparison['ends'][number]) => string) =>
    ends.map((end) => `${nameOf(end)} ${of(end)}`).join(', ')
  const without = loads
    .flatMap(({ sides }) => sides)
    .filter(({ caching }) => caching === 'off')
    .flatMap(({ caches }) => caches)
  const read = without.reduce((sum, { hits }) => sum + hits, 0)
  return [
    {
      text: 'no request fails',
      met: errors.every((count) => count === 0),
      why: `${errors.join(', ')} failed`
    },
    {
      text: 'after an acknowledged save no page shows an older version',
      met: ends.every(({ older, checked, saves }) => older === 0 && checked > 0 && saves > 0),
      why: bySide(
        ({ older, checked, saves }) => `${older} of ${checked} products on pages, ${saves} saves`
      )
    },
    {
      text: 'each save is seen at once, on each instance',
      met: ends.every(({ unseen }) => unseen === 0),
      why: bySide(({ unseen }) => `${unseen} not seen`)
    },
    {
      text: 'without caching nothing is answered by a cache',
      met: read === 0,
      why: `${read} hits`
    }
  ]
}
