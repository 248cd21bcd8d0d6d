import { setMaxListeners } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { type FastifyInstance } from 'fastify'
import { incomparable, noSuchPage } from '../errors.js'
import { OWN_ADDRESS } from './own-requests.js'
import { type SourceResult } from './schemas.js'
import { SOURCES } from './sources.js'

export interface Measured {
  readonly bytes: number
  readonly results: SourceResult[]
}

export interface Page {
  readonly path: string
  /** Key of the page in the cache. */
  readonly key: string
}

/**
 * Measures how long the application takes to answer with a page, from each source in turn, so that
 * other load on the machine slows all of them equally. Samples from a different source than
 * intended are left out.
 * @param signal stops early, before the next request: then there are fewer samples
 * @throws CATALOG_ERR_NO_SUCH_PAGE, CATALOG_ERR_INCOMPARABLE
 */
export async function measure (
  app: FastifyInstance,
  { path, key }: Page,
  samples: number,
  signal: AbortSignal
): Promise<Measured> {
  // Each request adds a listener.
  setMaxListeners(0, signal)
  const ask = (headers: Record<string, string>) =>
    app.inject({ url: path, headers, remoteAddress: OWN_ADDRESS, signal })
  const taken = SOURCES.map(({ source }) => ({ source, times: new Array<number>(), leftOut: 0 }))
  let bytes = 0
  const measured = () => ({
    bytes,
    results: taken.map(({ source, times, leftOut }) => resultOf(source, times, leftOut))
  })
  try {
    // Fills the cache, if the page can be cached.
    const { statusCode, rawPayload } = await ask({})
    if (statusCode !== 200) throw noSuchPage(statusCode)
    bytes = rawPayload.length
    for (let i = 0; i < samples; i++) {
      for (const [n, { headers, evicts, isItsStatus }] of SOURCES.entries()) {
        // Yields to other requests: work without network waits would otherwise occupy the process.
        await setImmediate()
        if (signal.aborted) return measured()
        if (evicts) app.responseCache.cache.evict(key)
        const begun = performance.now()
        const answer = await ask(headers)
        const time = performance.now() - begun
        const isIt =
          answer.statusCode === 200 && isItsStatus.test(String(answer.headers['cache-status']))
        if (isIt) taken[n]?.times.push(time)
        else if (taken[n]) taken[n].leftOut++
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
  return measured()
}

function resultOf (
  source: SourceResult['source'],
  times: readonly number[],
  leftOut: number
): SourceResult {
  if (times.length === 0) throw incomparable(source)
  const sorted = [...times].sort((a, b) => a - b)
  const percentile = (percent: number) =>
    rounded(sorted[Math.ceil((sorted.length * percent) / 100) - 1] ?? 0)
  const medianMs = percentile(50)
  return {
    source,
    samples: times.length,
    leftOut,
    medianMs,
    p90Ms: percentile(90),
    p99Ms: percentile(99),
    requestsPerSecond: Math.round(1000 / medianMs)
  }
}

/** Rounds to microseconds. */
const rounded = (ms: number) => Math.round(ms * 1000) / 1000
