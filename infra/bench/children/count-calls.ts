import { Session } from 'node:inspector'

/** Functions of Weir's packages, by the URL of their script. */
const OF_WEIR = /\/(?:packages|plugins)\/(?:[\w-]+\/)?dist\//

/**
 * Counts from now on how often functions of Weir's packages are entered. Returns a function that
 * gives the sum so far.
 */
export function countCalls (): () => number {
  const session = new Session()
  session.connect()
  session.post('Profiler.enable')
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
  let sum = 0
  return () => {
    // Answered before this returns. Each answer counts from the last one.
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
