import { Session } from 'node:inspector'

/** Matches script URLs of Weir's packages. */
const OF_WEIR = /\/(?:packages|plugins)\/(?:[\w-]+\/)?dist\//

/**
 * Starts counting calls of functions in Weir's packages. Returns a function that gives the sum so
 * far.
 */
export function countCalls (): () => number {
  const session = new Session()
  session.connect()
  session.post('Profiler.enable')
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
  let sum = 0
  return () => {
    // The callback runs before `post` returns. Each result counts from the previous one.
    session.post('Profiler.takePreciseCoverage', (error, { result }) => {
      if (error !== null) throw error
      for (const { url, functions } of result) {
        if (!OF_WEIR.test(url)) continue
        for (const { ranges: [range] } of functions) sum += range?.count ?? 0
      }
    })
    return sum
  }
}
