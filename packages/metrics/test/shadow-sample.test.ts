import t from 'tap'
import {
  adviseOn, type Probe, RouteSample, type ShadowFinding, SHADOW_TTLS, textHash
} from '../src/index.js'
import { SHADOW_TTLS_MS } from '../src/shadow/finding.js'

/** A generator of numbers from 0 to 1: always the same ones. */
function randoms (seed: number) {
  let state = seed
  return () => {
    state = state + 0x6d2b79f5 | 0
    let n = Math.imul(state ^ state >>> 15, 1 | state)
    n = n + Math.imul(n ^ n >>> 7, 61 | n) ^ n
    return ((n ^ n >>> 14) >>> 0) / 2 ** 32
  }
}

interface Traffic {
  readonly urls: number
  readonly seconds: number
  readonly perSecond: number
  /** Changes of each body per second. */
  readonly changes: number
  /** Exponent of the popularity of URLs; 0: all are equally popular. */
  readonly skew?: number
  readonly seed?: number
}

/** Requests with truth: the body of each URL changes at random times. */
function generate (
  { urls, seconds, perSecond, changes, skew = 0, seed = 1 }: Traffic,
  each: (url: number, version: number, at: number) => void
): void {
  const random = randoms(seed)
  const weights = Array.from({ length: urls }, (_, i) => (i + 1) ** -skew)
  const sums: number[] = []
  for (const weight of weights) sums.push((sums.at(-1) ?? 0) + weight)
  const versions = new Array<number>(urls).fill(0)
  const nextChange = versions.map(() => -Math.log(1 - random()) / changes)
  let at = 0
  while (at < seconds) {
    at += -Math.log(1 - random()) / perSecond
    const place = random() * (sums.at(-1) ?? 0)
    let [low, high] = [0, urls - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sums[middle] ?? 0) < place) low = middle + 1
      else high = middle
    }
    while ((nextChange[low] ?? 0) < at) {
      versions[low] = (versions[low] ?? 0) + 1
      nextChange[low] = (nextChange[low] ?? 0) - Math.log(1 - random()) / changes
    }
    each(low, versions[low] ?? 0, at * 1000)
  }
}

const SIZE = 1000
const COST = 20

/** Observes as the plugin does. */
function observe (traffic: Traffic, route = 'GET /products/:id'): ShadowFinding {
  const sample = new RouteSample(route, 0)
  generate(traffic, (url, version, at) => {
    sample.requests++
    const text = `/products/${url}`
    const hash = textHash(text)
    if (!sample.has(hash)) return
    const key = sample.find(hash * 2 ** 20 + url, hash, at)
    if (key === undefined || sample.repeats(key, at)) return
    if (sample.mayProbe(key, at)) {
      sample.probed(key, probe({ start: at, end: at + COST, body: url * 1e6 + version }))
    } else sample.unprobed(key, at, false, [])
  })
  return sample.finding(traffic.seconds * 1000)
}

const probe = (more: Partial<Probe>): Probe => ({
  start: 0, end: 0, body: 1, bytes: SIZE, user: 0, headers: [], signs: new Set(), vary: [], ...more
})

/** The truth: a cache of each lifetime, of all URLs. */
function truth (traffic: Traffic) {
  const entries = SHADOW_TTLS.map(() => new Map<number, { at: number, version: number }>())
  const counts = SHADOW_TTLS.map(() => ({ hits: 0, stale: 0 }))
  let all = 0
  generate(traffic, (url, version, at) => {
    all++
    for (const [i, ttl] of SHADOW_TTLS_MS.entries()) {
      const [entry, count] = [entries[i]?.get(url), counts[i]]
      if (count === undefined) continue
      if (entry === undefined || at - entry.at >= ttl) entries[i]?.set(url, { at, version })
      else {
        count.hits++
        if (entry.version !== version) count.stale++
      }
    }
  })
  return counts.map(({ hits, stale }) => ({ hitRatio: hits / all, staleShare: stale / hits }))
}

const TRAFFICS: Readonly<Record<string, Traffic & { hitError: number, staleError: number }>> = {
  'few URLs, all in the sample': {
    urls: 50, seconds: 700, perSecond: 50, changes: 1 / 120, hitError: 0.005, staleError: 0.01
  },
  // Fills are up to 50 ms late, so other changes fall into the lifetimes of this one entry.
  'one hot URL': {
    urls: 1, seconds: 700, perSecond: 100, changes: 1 / 20, hitError: 0.005, staleError: 0.03
  },
  'few hot URLs, whose requests follow each other at once': {
    urls: 5, seconds: 330, perSecond: 400, changes: 1 / 20, hitError: 0.005, staleError: 0.02
  },
  'many URLs, equally popular, one in eight in the sample': {
    urls: 5000, seconds: 650, perSecond: 200, changes: 1 / 60, hitError: 0.02, staleError: 0.03
  },
  'many URLs, as popular as those of shops': {
    urls: 5000,
    seconds: 650,
    perSecond: 200,
    changes: 1 / 300,
    skew: 0.8,
    hitError: 0.04,
    staleError: 0.05
  }
}

for (const [name, { hitError, staleError, ...traffic }] of Object.entries(TRAFFICS)) {
  t.test(`hits and stale hits are estimated: ${name}`, async (t) => {
    for (const seed of [1, 2]) {
      const finding = observe({ ...traffic, seed })
      const expected = truth({ ...traffic, seed })
      const { candidates } = adviseOn(finding)
      for (const [i, { ttl, hitRatio, staleShare, isObserved }] of candidates.entries()) {
        if (!isObserved) continue
        const { hitRatio: hits = NaN, staleShare: stale = NaN } = expected[i] ?? {}
        const text = [hitRatio, hits, staleShare ?? NaN, stale]
          .map((n) => n.toFixed(3))
          .join(', ')
        t.ok(Math.abs(hitRatio - hits) <= hitError, `hits, ttl ${ttl}: ${text}`)
        if (staleShare === null) continue
        t.ok(Math.abs(staleShare - stale) <= staleError, `stale hits, ttl ${ttl}: ${text}`)
      }
    }
  })
}

/* The sample is bounded. */

t.test('200,000 URLs take bounded memory, and their number is estimated', async (t) => {
  const sample = new RouteSample('GET /:id', 0, 500)
  let most = 0
  const keys = new Set<number>()
  for (let url = 0; url < 200_000; url++) {
    sample.requests++
    const hash = textHash(`/${url}`)
    if (!sample.has(hash)) continue
    const key = sample.find(hash * 2 ** 20 + url % 2 ** 20, hash, url)
    if (key === undefined) continue
    keys.add(hash)
    most = Math.max(most, keys.size)
    sample.probed(key, probe({ start: url, end: url, body: url }))
    for (const one of keys) if (!sample.has(one)) keys.delete(one)
  }
  t.ok(most <= 501, `${most} URLs at once`)
  const finding = sample.finding(200_000)
  t.ok(Math.abs(finding.keys / 200_000 - 1) < 0.15, `${finding.keys} URLs`)
  t.equal(finding.requests, 200_000)
  t.match(adviseOn(finding), { verdict: 'no-gain', reasons: [{ code: 'NO_REPEATS' }] })
})

t.test('URLs without a request for a day make room first', async (t) => {
  const sample = new RouteSample('GET /:id', 0, 4)
  const day = 86_400_000
  for (let i = 0; i < 4; i++) sample.find(i, i, 0)
  t.ok(sample.find(4, 4, day + 1))
  t.ok(sample.has(2 ** 32 - 1), 'the rate is the same')
})

t.test('more variants and headers than a sample keeps', async (t) => {
  const sample = new RouteSample('GET /x', 0)
  for (let i = 0; i < 100; i++) {
    const key = sample.find(1, 1, i)
    if (key === undefined) throw new Error('not in the sample')
    const headers = sample.headers.map(() => i)
    sample.probed(key, probe({ start: i, end: i, body: i, headers, vary: [`x-${i}`, 'accept'] }))
    sample.unprobed(key, i, true, [])
    t.ok(key.variants.size <= 6)
  }
  t.ok(sample.varies)
  t.ok(sample.headers.length <= 10)
  t.ok(sample.finding(1).declaredVary.length <= 6)
})

t.test('shareable responses to users are hits, also those that are not observed', async (t) => {
  const sample = new RouteSample('GET /x', 0)
  const key = sample.find(1, 1, 0)
  if (key === undefined) throw new Error('not in the sample')
  const signs = new Set(['credentials', 'declared'] as const)
  sample.probed(key, probe({ user: 1, signs }))
  sample.unprobed(key, 1, true, [])
  t.match(sample.finding(1), { eligible: 2, hits: [1, 1, 1, 1, 1, 1, 1] })
})
