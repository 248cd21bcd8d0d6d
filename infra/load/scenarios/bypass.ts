import { warmUp } from '../ask.js'
import { measure } from '../measure.js'
import type { Scenario } from '../scenario.js'

const PATH = '/api/products?limit=20'

export const bypass: Scenario = {
  name: 'bypass',
  about:
    'one page from the cache, then the same with Cache-Control: no-cache, no-store, which computes it',
  parts: ['cached', 'no-cache'],
  async run (around) {
    await warmUp(around, [PATH])
    const common = { scenario: 'bypass', connections: around.connections ?? 10, rate: around.rate }
    return [
      await measure(around, { ...common, part: 'cached', requests: [{ path: PATH }] }),
      await measure(around, {
        ...common,
        part: 'no-cache',
        requests: [{ path: PATH, headers: { 'cache-control': 'no-cache, no-store' } }]
      })
    ]
  }
}
