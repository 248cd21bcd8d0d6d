// Runs in browsers: the shop's lab loads it as an asset, the console bundles it. Imports nothing.

/** Ways to get the same result, slowest first. */
export const WAYS = [
  { way: 'uncached', label: 'Uncached' },
  { way: 'memoized', label: 'Memoized in the process' },
  { way: 'stored', label: 'From the shared store' },
  { way: 'cached', label: 'Cached response' }
] as const
export type Way = (typeof WAYS)[number]['way']

/** Expensive computations. */
export const WORKS = [
  { work: 'fibonacci', label: 'Fibonacci by recursion' },
  { work: 'query', label: 'A slow query' }
] as const
export type Work = (typeof WORKS)[number]['work']

/** Sizes of a load: four concurrent requests leave room for a second visitor (see LabWorker). */
export const LOADS = { requests: [20, 50, 100], concurrency: [1, 2, 4] } as const

/** Returns the path and query that run one way. */
export const runPath = (way: Way, work: Work): string => `/shop/lab/run/${way}?work=${work}`

/** Requests sent by {@link runLoad}. */
export interface Load {
  readonly url: string
  readonly requests: number
  readonly concurrency: number
  readonly signal?: AbortSignal
}

/**
 * Result of a load. Times are milliseconds, by nearest rank; undefined without answered requests.
 */
export interface LoadResult {
  readonly answered: number
  /** Requests answered with 429 or 503. */
  readonly refused: number
  /** Requests with any other status, or without a response within 30 s. */
  readonly failed: number
  /** Answered requests per second. */
  readonly perSecond: number
  readonly p50: number | undefined
  readonly p95: number | undefined
  readonly p99: number | undefined
}

/** Error for a load that was not measured, because its first requests were not answered 200. */
export class LoadRefused extends Error {
  /**
   * @param status 0 if there was no response
   * @param retryAfter seconds
   */
  constructor (message: string, readonly status: number, readonly retryAfter: number | undefined) {
    super(message)
  }
}

/** Message for a request without a response. */
export const UNREACHABLE =
  'The shop does not answer: it may be restarting, or your connection is lost. Try again in a ' +
  'few seconds.'

/**
 * Explains why a request was refused, with the time to wait if it is known.
 * @param body problem document (RFC 9457), or anything else
 * @param retryAfter seconds
 */
export function refusal (status: number, body: string, retryAfter: number | undefined): string {
  const reason =
    detailOf(body) ?? `The shop refused the request (status ${status}) and gave no reason`
  const sentence = /[.!?]$/.test(reason) ? reason : `${reason}.`
  return retryAfter === undefined || /\b(?:again|retry)\b/i.test(sentence)
    ? sentence
    : `${sentence} Retry after ${retryAfter} s.`
}

interface Answer {
  readonly status: number
  readonly ms: number
}

const DEADLINE = 30_000

/**
 * Sends a load and measures it. Before it, `concurrency` uncounted requests fill each instance's
 * caches and open the connections.
 * @throws LoadRefused if one of the uncounted requests is not answered 200; the reason of `signal`
 * @example
 * const load = { url: runPath('cached', 'query'), requests: 50, concurrency: 4 }
 * const { perSecond, p50 } = await runLoad(load)
 */
export async function runLoad (load: Load): Promise<LoadResult> {
  const { url, requests, concurrency, signal } = load
  await Promise.all(Array.from({ length: concurrency }, () => warmUp(url, signal)))
  const answers: Answer[] = []
  let left = requests
  const client = async () => {
    while (left-- > 0) answers.push(await ask(url, signal))
  }
  const began = performance.now()
  await Promise.all(Array.from({ length: concurrency }, client))
  const seconds = (performance.now() - began) / 1000
  const times = answers
    .flatMap(({ status, ms }) => (status === 200 ? [ms] : []))
    .sort((a, b) => a - b)
  const refused = answers.filter(({ status }) => status === 429 || status === 503).length
  return {
    answered: times.length,
    refused,
    failed: requests - times.length - refused,
    perSecond: times.length / seconds,
    p50: percentile(times, 50),
    p95: percentile(times, 95),
    p99: percentile(times, 99)
  }
}

/** Returns the nearest-rank percentile of sorted times; undefined if there are none. */
export const percentile = (sorted: readonly number[], percent: number): number | undefined =>
  sorted[Math.ceil(sorted.length * percent / 100) - 1]

async function warmUp (url: string, signal: AbortSignal | undefined): Promise<void> {
  let response: Response
  try {
    response = await send(url, signal)
  } catch {
    signal?.throwIfAborted()
    throw new LoadRefused(UNREACHABLE, 0, undefined)
  }
  const body = await response.text()
  if (response.status === 200) return
  const { status, headers } = response
  const seconds = Number(headers.get('retry-after') ?? NaN)
  const retryAfter = Number.isFinite(seconds) ? seconds : undefined
  throw new LoadRefused(refusal(status, body, retryAfter), status, retryAfter)
}

async function ask (url: string, signal: AbortSignal | undefined): Promise<Answer> {
  const began = performance.now()
  try {
    const response = await send(url, signal)
    await response.arrayBuffer()
    return { status: response.status, ms: performance.now() - began }
  } catch {
    signal?.throwIfAborted()
    return { status: 0, ms: performance.now() - began }
  }
}

/**
 * Fetches without the browser's own cache, which would answer itself, and would send requests for
 * one URL one by one.
 */
function send (url: string, signal: AbortSignal | undefined): Promise<Response> {
  const deadline = AbortSignal.timeout(DEADLINE)
  // Browsers support `cache`; the types of Node's fetch do not.
  const init = {
    cache: 'no-store',
    credentials: 'omit',
    headers: { accept: 'application/json' },
    signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline])
  } as const
  return fetch(url, init)
}

/** Returns the detail of a problem document (RFC 9457); undefined for any other body. */
function detailOf (body: string): string | undefined {
  try {
    const problem: unknown = JSON.parse(body)
    if (typeof problem !== 'object' || problem === null || !('detail' in problem)) return undefined
    return typeof problem.detail === 'string' ? problem.detail : undefined
  } catch {
    return undefined
  }
}
