import {
  SHADOW_TTLS, SHADOW_TTLS_MS, type ShadowFinding, type ShadowTtl
} from './finding.js'
import {
  type AdviceReason, counted, dangersOf, headersThatMatter, percent, type RelatedWrite,
  relatedWrites
} from './reasons.js'
import { suggestedTags } from './route-tags.js'

/** Effect of one lifetime. */
export interface AdviceCandidate {
  readonly ttl: ShadowTtl
  /** Hits of all requests that the cache can answer, 0 to 1. */
  readonly hitRatio: number
  /** Hits that would have had an outdated body, 0 to 1; null if too few were compared. */
  readonly staleShare: number | null
  /** Handler time saved, ms per hour, all instances. */
  readonly savedMsPerHour: number
  /** Memory for bodies. */
  readonly memoryBytes: number
  /** Whether the observation is long enough: twice the lifetime. */
  readonly isObserved: boolean
}

/** Options for `config.cache` of a route. */
export interface AdvisedCache {
  readonly ttl: ShadowTtl
  readonly vary?: readonly string[]
  readonly tags?: readonly string[]
}

/**
 * - `cache`: caching pays, with these options
 * - `do-not-share`: the responses must not be shared
 * - `no-gain`: caching is safe, but saves little
 * - `more-data`: nothing can be said yet
 */
export type Verdict = 'cache' | 'do-not-share' | 'no-gain' | 'more-data'

/** Recommendation for a route without caching. */
export interface Advice {
  readonly route: string
  readonly verdict: Verdict
  readonly reasons: readonly AdviceReason[]
  /** Recommended options; null for the other verdicts. */
  readonly cache: AdvisedCache | null
  /** The same as code to paste; null for the other verdicts. */
  readonly code: string | null
  readonly writes: readonly RelatedWrite[]
  /** Requests or comparisons still needed, at least; 0 unless the verdict is `more-data`. */
  readonly missing: number
  readonly requests: number
  /** Requests among them that were observed; the estimates are scaled from these. */
  readonly observed: number
  /** Pairs of hashed responses to the same request that were compared. */
  readonly compared: number
  readonly requestsPerHour: number
  /** Mean handler time, ms, and mean size of bodies, of the observed responses. */
  readonly handlerMs: number
  readonly bodyBytes: number
  /** Estimated number of different URLs. */
  readonly keys: number
  /** Those of the recommended lifetime; null for the other verdicts. */
  readonly expected: AdviceCandidate | null
  readonly candidates: readonly AdviceCandidate[]
}

// Observed requests, and compared hits of a lifetime, before anything is recommended.
const NEEDED_REQUESTS = 200
const NEEDED_COMPARISONS = 100
// Compared pairs of responses: a share r of requests that get another body, though nothing known
// tells them from others, is missed with probability (1 - r) ** 250: 0.6% for one in 50.
const NEEDED_PAIRS = 250
// The highest acceptable share of stale hits.
const MOST_STALE = 0.01
const LEAST_HIT_RATIO = 0.05
// A longer lifetime must bring this much more to be worth its stale hits.
const WORTH = 0.9
const HOUR = 3_600_000

/**
 * Recommends caching of a route, or not, from what was observed.
 *
 * Responses with any sign that they are for one user are never recommended for sharing: cookies,
 * `private`, `no-store`, bodies that differ between users, or for equal requests. The recommended
 * options never have `public: true`: requests that identify a user are not answered from the cache
 * unless responses are declared as shareable.
 * @example
 * const { cache } = adviseOn(finding)
 * // { ttl: '30s', vary: ['accept-language'], tags: ['products', 'product:{id}'] }
 */
export function adviseOn (finding: ShadowFinding): Advice {
  const path = finding.route.replace(/^\S+ /, '')
  const { requests, probes, sampled, keys } = finding
  const span = Math.max(1, finding.until - finding.since)
  const candidates = candidatesOf(finding, span)
  const decision = decide(finding, candidates)
  const expected = decision.verdict === 'cache' ? decision.expected : null
  const writes = relatedWrites(finding, suggestedTags)
  const vary = headersThatMatter(finding)
  const tags = suggestedTags(path)
  const cache = expected === null
    ? null
    : {
        ttl: expected.ttl,
        ...(vary.length > 0 && { vary }),
        ...(tags.length > 0 && { tags })
      }
  return {
    route: finding.route,
    verdict: decision.verdict,
    reasons: [...decision.reasons, ...notesOn(finding, vary, writes)],
    cache,
    code: cache === null ? null : codeOf(cache, writes, finding.carried),
    writes,
    missing: decision.verdict === 'more-data' ? decision.missing : 0,
    requests,
    observed: sampled,
    compared: finding.intervals,
    requestsPerHour: requests * HOUR / span,
    handlerMs: probes === 0 ? 0 : finding.micros / probes / 1000,
    bodyBytes: probes === 0 ? 0 : finding.bytes / probes,
    keys: sampled === 0 ? 0 : keys,
    expected,
    candidates
  }
}

function candidatesOf (finding: ShadowFinding, span: number): AdviceCandidate[] {
  const { requests, weight, eligible, hits, judged, stale, probes, micros, bytes } = finding
  // The number of all requests is known exactly; the sample tells shares of them.
  const all = weight === 0 ? 0 : eligible * requests / weight
  return SHADOW_TTLS.map((ttl, i) => {
    const ms = SHADOW_TTLS_MS[i] ?? 0
    const hitRatio = eligible === 0 ? 0 : (hits[i] ?? 0) / eligible
    const compared = judged[i] ?? 0
    const isEnough = compared * perWeight(finding) >= NEEDED_COMPARISONS
    return {
      ttl,
      hitRatio,
      staleShare: isEnough ? (stale[i] ?? 0) / compared : null,
      savedMsPerHour: probes === 0 ? 0 : all * hitRatio * micros / probes / 1000 * HOUR / span,
      // Little's law: entries in the cache are fills per time, times the lifetime.
      memoryBytes: probes === 0
        ? 0
        : all * (1 - hitRatio) / span * Math.min(ms, span) * bytes / probes,
      isObserved: span >= 2 * ms
    }
  })
}

/** Observed requests for each weighted one. */
const perWeight = ({ sampled, weight }: ShadowFinding) => weight === 0 ? 0 : sampled / weight

type Decision =
  | { readonly verdict: 'cache', readonly expected: AdviceCandidate, readonly reasons: readonly AdviceReason[] }
  | { readonly verdict: 'more-data', readonly missing: number, readonly reasons: readonly AdviceReason[] }
  | { readonly verdict: 'do-not-share' | 'no-gain', readonly reasons: readonly AdviceReason[] }

function decide (finding: ShadowFinding, candidates: readonly AdviceCandidate[]): Decision {
  const dangers = dangersOf(finding)
  if (dangers.length > 0) return { verdict: 'do-not-share', reasons: dangers }
  const { sampled } = finding
  if (sampled < NEEDED_REQUESTS) return moreRequests(NEEDED_REQUESTS - sampled)
  const observed = candidates.filter(({ isObserved }) => isObserved)
  const longest = observed.at(-1)
  if (longest === undefined) {
    const text = 'The observation is shorter than two seconds.'
    return { verdict: 'more-data', missing: 0, reasons: [{ code: 'SHORT_TIME', text }] }
  }
  if (longest.hitRatio < LEAST_HIT_RATIO) {
    const text = `Within ${longest.ttl}, ${percent(longest.hitRatio)} of the requests that a ` +
      'cache may answer repeat an earlier one.'
    return { verdict: 'no-gain', reasons: [{ code: 'NO_REPEATS', text }] }
  }
  const useful = observed.filter(({ hitRatio }) => hitRatio >= LEAST_HIT_RATIO)
  const compared = useful.filter(({ staleShare }) => staleShare !== null)
  if (compared.length === 0) {
    // Only lifetimes that were observed for long enough, and that bring hits, can be recommended.
    const most = Math.max(...candidates.map((candidate, i) =>
      useful.includes(candidate) ? finding.judged[i] ?? 0 : 0)) * perWeight(finding)
    const missing = Math.max(1, Math.ceil(NEEDED_COMPARISONS - most))
    const text = `At least ${counted(missing, 'more comparison')} of responses ` +
      `${missing === 1 ? 'is' : 'are'} needed, of one URL within its lifetime.`
    return { verdict: 'more-data', missing, reasons: [{ code: 'FEW_COMPARISONS', text }] }
  }
  const fresh = compared.filter(({ staleShare }) => (staleShare ?? 1) <= MOST_STALE)
  const best = Math.max(...fresh.map(({ hitRatio }) => hitRatio))
  const expected = fresh.find(({ hitRatio }) => hitRatio >= best * WORTH)
  if (expected !== undefined) {
    const unsure = doubtsOf(finding)
    if (unsure !== undefined) return unsure
    const text = `Within ${expected.ttl}, ${percent(expected.hitRatio)} of the requests repeat ` +
      `an earlier one, and ${percent(1 - (expected.staleShare ?? 0))} of these get the same body.`
    return { verdict: 'cache', expected, reasons: [{ code: 'IDENTICAL', text }] }
  }
  const [shortest] = compared
  const text = `Bodies change quickly: within ${shortest?.ttl}, ` +
    `${percent(shortest?.staleShare ?? 1)} of the hits would be outdated.`
  return { verdict: 'no-gain', reasons: [{ code: 'CHANGES', text }] }
}

/** Returns a decision for more data if there is too little to exclude that bodies alternate. */
function doubtsOf ({ brief, intervals }: ShadowFinding): Decision | undefined {
  if (brief > 0) {
    const text = `${brief} of ${counted(intervals, 'compared pair')} of responses to equal ` +
      'requests differ only briefly: the earlier body is back at once, without a write. The ' +
      'response may depend on something that is none of the compared headers.'
    return { verdict: 'more-data', missing: 0, reasons: [{ code: 'ALTERNATES', text }] }
  }
  if (intervals >= NEEDED_PAIRS) return undefined
  const missing = NEEDED_PAIRS - intervals
  const text = `At least ${counted(missing, 'more comparison')} of responses to equal requests ` +
    `${missing === 1 ? 'is' : 'are'} needed, to find bodies that alternate.`
  return { verdict: 'more-data', missing, reasons: [{ code: 'FEW_COMPARISONS', text }] }
}

function moreRequests (missing: number): Decision {
  const text = `${counted(missing, 'more observed request')} ` +
    `${missing === 1 ? 'is' : 'are'} needed.`
  return { verdict: 'more-data', missing, reasons: [{ code: 'FEW_REQUESTS', text }] }
}

function notesOn (
  { signs, sampled, identified, probes, headers, carried, declaredVary }: ShadowFinding,
  vary: readonly string[],
  writes: readonly RelatedWrite[]
): AdviceReason[] {
  const notes: AdviceReason[] = []
  const ofUsers = Math.max(
    identified / Math.max(1, sampled), signs.credentials / Math.max(1, probes))
  if (ofUsers > 0 && (signs.declared === 0 || signs.credentials > signs.declared)) {
    notes.push({
      code: 'CREDENTIALS',
      text: `${percent(ofUsers)} of the requests identify a user: ` +
        'they bypass the cache, and are not part of the expected hits.'
    })
  }
  if (carried.length > 0) {
    notes.push({
      code: 'CREDENTIAL_HEADERS',
      text: `Requests carry ${carried.join(', ')}, named like credentials: list them in ` +
        '`credentials` of the response cache, else it shares responses to these requests.'
    })
  }
  for (const name of vary) {
    const { proven = 0 } = headers[name] ?? {}
    notes.push({
      code: 'VARY',
      text:
        `Bodies depend on the request header ${name} (${counted(proven, 'proof')}), which ` +
        'is not in Vary.'
    })
  }
  if (declaredVary.length > 0) {
    notes.push({ code: 'VARY', text: `Responses have Vary: ${declaredVary.join(', ')}.` })
  }
  for (const { route, changedShare } of writes) {
    notes.push({
      code: 'WRITES',
      text: `After ${route}, ${percent(changedShare)} of the responses had changed: let it ` +
        'invalidate the tags.'
    })
  }
  return notes
}

/** Writes the options of the route, and of the writes that change it, as code. */
function codeOf (
  cache: AdvisedCache,
  writes: readonly RelatedWrite[],
  carried: readonly string[]
): string {
  const list = (names: readonly string[]) => `[${names.map(quoted).join(', ')}]`
  const lines = [
    `ttl: ${quoted(cache.ttl)}`,
    ...(cache.vary === undefined ? [] : [`vary: ${list(cache.vary)}`]),
    ...(cache.tags === undefined ? [] : [`tags: ${list(cache.tags)}`])
  ]
  return [
    ...(carried.length === 0
      ? []
      : [`// Options of the response cache: { credentials: ${list(carried)} }`]),
    `config: { cache: { ${lines.join(', ')} } }`,
    ...writes
      .filter(({ invalidates }) => invalidates.length > 0)
      .map(({ route, invalidates }) =>
        `// ${route}\nconfig: { invalidates: ${list(invalidates)} }`)
  ].join('\n')
}

const quoted = (text: string) => `'${text.replace(/['\\]/g, '\\$&')}'`
