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
  /** Seconds of a cycle, and those of it in which all requests come; default: no bursts. */
  readonly bursts?: readonly [cycle: number, burst: number]
  readonly seed?: number
}

/** Requests with truth: the body of each URL changes at random times. */
function generate (
  { urls, seconds, perSecond, changes, skew = 0, bursts = [1, 1], seed = 1 }: Traffic,
  each: (url: number, version: number, at: number) => void
): void {
  const random = randoms(seed)
  const [cycle, burst] = bursts
  const weights = Array.from({ length: urls }, (_, i) => (i + 1) ** -skew)
  const sums: number[] = []
  for (const weight of weights) sums.push((sums.at(-1) ?? 0) + weight)
  const versions = new Array<number>(urls).fill(0)
  const nextChange = versions.map(() => -Math.log(1 - random()) / changes)
  let at = 0
  while (at < seconds) {
    at += -Math.log(1 - random()) / perSecond * burst / cycle
    if (at % cycle > burst) at += cycle - at % cycle
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
function observe (traffic: Traffic, mostPerSecond?: number): ShadowFinding {
  const sample = new RouteSample(
    'GET /products/:id', 0, 1000, mostPerSecond === undefined ? undefined : () => mostPerSecond)
  generate(traffic, (url, version, at) => {
    sample.requests++
    const text = `/products/${url}`
    const hash = textHash(text)
    if (sample.skips(hash)) return
    const key = sample.find(hash * 2 ** 20 + url, hash, at)
    if (key === undefined) return
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

interface Accuracy {
  readonly hitError: number
  readonly staleError: number
  /** Requests to observe per second. */
  readonly observed?: number
}

const TRAFFICS: Readonly<Record<string, Traffic & Accuracy>> = {
  'few URLs, all in the sample': {
    urls: 50, seconds: 700, perSecond: 50, changes: 1 / 120, hitError: 0.005, staleError: 0.01
  },
  'few URLs, a third of their requests observed': {
    urls: 50,
    seconds: 700,
    perSecond: 50,
    changes: 1 / 120,
    observed: 20,
    hitError: 0.01,
    staleError: 0.03
  },
  // Fills are up to 50 ms late, so other changes fall into the lifetimes of this one entry.
  'one hot URL': {
    urls: 1, seconds: 700, perSecond: 100, changes: 1 / 20, hitError: 0.005, staleError: 0.03
  },
  'one hot URL, one request in 20 observed': {
    urls: 1,
    seconds: 330,
    perSecond: 2000,
    changes: 1 / 5,
    observed: 100,
    hitError: 0.005,
    staleError: 0.05
  },
  'few hot URLs, whose requests follow each other at once': {
    urls: 5, seconds: 330, perSecond: 400, changes: 1 / 20, hitError: 0.005, staleError: 0.02
  },
  '100 URLs, one request in five observed': {
    urls: 100,
    seconds: 130,
    perSecond: 2000,
    changes: 1 / 60,
    skew: 1,
    observed: 500,
    hitError: 0.005,
    staleError: 0.02
  },
  '100 URLs, one request in 50 observed': {
    urls: 100,
    seconds: 330,
    perSecond: 1000,
    changes: 1 / 60,
    skew: 1,
    observed: 20,
    hitError: 0.01,
    staleError: 0.05
  },
  'many URLs, equally popular, one in eight in the sample': {
    urls: 5000, seconds: 650, perSecond: 200, changes: 1 / 60, hitError: 0.02, staleError: 0.03
  },
  'many URLs, equally popular, one request in 30 observed': {
    urls: 5000,
    seconds: 130,
    perSecond: 2000,
    changes: 1 / 60,
    observed: 100,
    hitError: 0.02,
    staleError: 0.05
  },
  'many URLs, as popular as those of shops': {
    urls: 5000,
    seconds: 650,
    perSecond: 200,
    changes: 1 / 300,
    skew: 0.8,
    hitError: 0.04,
    staleError: 0.05
  },
  'many URLs, as popular as those of shops, one request in 30 observed': {
    urls: 5000,
    seconds: 130,
    perSecond: 2000,
    changes: 1 / 300,
    skew: 1,
    observed: 100,
    hitError: 0.04,
    staleError: 0.05
  },
  'bursts of a second, one request in four observed': {
    urls: 50,
    seconds: 700,
    perSecond: 50,
    changes: 1 / 120,
    bursts: [20, 1],
    observed: 100,
    hitError: 0.02,
    staleError: 0.03
  },
  'bursts of ten seconds, one request in 20 observed': {
    urls: 5,
    seconds: 700,
    perSecond: 200,
    changes: 1 / 120,
    bursts: [100, 10],
    observed: 100,
    hitError: 0.005,
    staleError: 0.05
  }
}

for (const [name, { hitError, staleError, observed, ...traffic }] of Object.entries(TRAFFICS)) {
  t.test(`hits and stale hits are estimated: ${name}`, async (t) => {
    for (const seed of [1, 2]) {
      const finding = observe({ ...traffic, seed }, observed)
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
      if (observed === undefined) continue
      // A hundred URLs are observed every two seconds, at least, and more at first.
      const most = Math.max(50, observed) * traffic.seconds
      t.ok(finding.sampled <= 1.2 * most + 1000, `${finding.sampled} requests are observed`)
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

t.test('the number of observed requests per second is bounded, for any number of URLs', async (t) => {
  const traffic = { seconds: 20, perSecond: 10_000, changes: 0.1 }
  const most = 200
  for (const urls of [1, 10, 100, 500, 2000, 20_000]) {
    for (const skew of [0, 1]) {
      const { sampled, requests, weight } = observe({ ...traffic, urls, skew }, most)
      t.ok(sampled <= most * (traffic.seconds + 8), `${urls} URLs: ${sampled} of ${requests}`)
      t.ok(Math.abs(weight / requests - 1) < 0.6, `they stand for ${weight}`)
    }
  }
})

t.test('a few requests are all observed, and all are again after a busy time', async (t) => {
  const sample = new RouteSample('GET /x', 0, 1000, () => 50)
  const send = (from: number, seconds: number, perSecond: number) => {
    let observed = 0
    for (let i = 0; i < seconds * perSecond; i++) {
      if (sample.skips(1)) continue
      observed++
      sample.find(1, 1, from + i * 1000 / perSecond)
    }
    return observed
  }
  t.equal(send(0, 10, 50), 500)
  t.ok(send(10_000, 10, 1000) < 1000)
  // Requests that were chosen to be skipped are skipped first, then the interval shrinks.
  send(20_000, 30, 10)
  t.equal(send(50_000, 10, 10), 100)
})

t.test('requests that are skipped count as those of users if the next one is', async (t) => {
  const random = randoms(3)
  const sample = new RouteSample('GET /x', 0, 1000, () => 20)
  for (let at = 0; at < 100_000; at++) {
    const isUser = random() < 0.3
    if (sample.skips(1)) continue
    const key = sample.find(1, 1, at, isUser)
    if (key !== undefined) sample.unprobed(key, at, isUser, [])
  }
  const { sampled, identified, eligible, weight } = sample.finding(100_000)
  t.ok(sampled < 5000, `${sampled} of 100,000 are observed`)
  t.ok(Math.abs(identified / sampled - 0.3) < 0.03, `${identified} of users`)
  t.ok(Math.abs(eligible / weight - 0.7) < 0.03, `${eligible} of ${weight} of others`)
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
