import { drive } from '../drive.js'
import { record } from '../measure.js'
import { coldPaths } from '../paths.js'
import type { Burst } from '../result.js'
import type { Scenario } from '../scenario.js'

const name = 'stampede'

export const stampede: Scenario = {
  name,
  about:
    'bursts of simultaneous requests for a page that no instance has: how many of them compute it',
  parts: [name],
  async run (around) {
    const { url, seconds, signal } = around
    const connections = around.connections ?? 100
    const path = coldPaths()
    const bursts: Burst[] = []
    const { recorder, figures } = record(around, { scenario: name, part: name, rate: undefined })
    const until = performance.now() + seconds * 1000
    while (performance.now() < until && !signal.aborted) {
      const before = recorder.count('miss')
      const began = performance.now()
      const isAlive = await drive(
        { url, requests: [{ path: path() }], connections, until: { amount: connections } },
        recorder,
        signal
      )
      if (!isAlive) break
      bursts.push({
        ms: performance.now() - began,
        requests: connections,
        computed: recorder.count('miss') - before
      })
    }
    return [{ scenario: name, part: name, connections, rate: null, ...figures(), bursts }]
  }
}
