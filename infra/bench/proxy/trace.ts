import { makeResources, random, type Resource } from './resources.js'

/** One request of a trace. */
export interface Step {
  readonly resource: Resource
  readonly headers: Readonly<Record<string, string>>
  /** First and last byte requested. */
  readonly range: readonly [first: number, last: number] | undefined
}

/** Requests in bursts, one each second. */
export interface Trace {
  readonly resources: readonly Resource[]
  readonly bursts: readonly (readonly Step[])[]
}

export interface TraceOptions {
  /** Determines the URLs and their kinds. */
  readonly seed: number
  /** Distinguishes traces of the same seed. Default 1. */
  readonly order?: number
  readonly requests: number
  readonly bursts: number
  /** Number of URLs. Default 300. */
  readonly urls?: number
}

const ENCODINGS = ['gzip', 'gzip, deflate, br', 'identity', 'gzip;q=1.0, identity;q=0.5']
const TAGS = ['en', 'en-GB, en;q=0.8', 'de', 'de-CH, de;q=0.9', 'fr']
const PART_WITH_RANGE = 0.05

/**
 * Makes the same requests from the same seed: URLs by Zipf's law with exponent 1, Accept-Encoding
 * and Accept-Language as browsers spell them, 5% with a range.
 */
export function makeTrace ({ seed, order = 1, requests, bursts, urls = 300 }: TraceOptions): Trace {
  const resources = makeResources(seed, urls)
  const next = random(seed * 1000 + order)
  const pick = (list: readonly string[]): string => list[Math.floor(next() * list.length)] ?? ''
  const popularity = random(-seed)
  const sums: number[] = []
  for (let rank = 1; rank <= urls; rank++) sums.push((sums.at(-1) ?? 0) + 1 / rank)
  // Popularity is independent of the kind of a URL.
  const ranked = resources.map((resource) => ({ resource, place: popularity() }))
    .sort((a, b) => a.place - b.place).map(({ resource }) => resource)
  const step = (): Step => {
    const aim = next() * (sums.at(-1) ?? 0)
    const resource = ranked[sums.findIndex((sum) => sum > aim)] ?? ranked[0]
    if (resource === undefined) throw new RangeError('a trace needs URLs')
    const isPart = next() < PART_WITH_RANGE && resource.vary !== 'accept-encoding'
    const first = Math.floor(next() * resource.size)
    const last = first + Math.floor(next() * (resource.size - first))
    const headers = {
      'accept-encoding': isPart ? 'identity' : pick(ENCODINGS),
      'accept-language': pick(TAGS),
      ...(isPart && { range: `bytes=${first}-${last}` })
    }
    return { resource, headers, range: isPart ? [first, last] : undefined }
  }
  const perBurst = Math.ceil(requests / bursts)
  const all = Array.from({ length: requests }, step)
  return {
    resources,
    bursts: Array.from({ length: bursts }, (_, i) => all.slice(i * perBurst, (i + 1) * perBurst))
  }
}
