import { warmUp } from '../ask.js'
import { measure } from '../measure.js'
import { POPULAR } from '../paths.js'
import type { Scenario } from '../scenario.js'

export const warm: Scenario = {
  name: 'warm',
  about: 'pages from the cache',
  parts: ['warm'],
  async run (around) {
    await warmUp(around, POPULAR)
    return [await measure(around, {
      scenario: 'warm',
      part: 'warm',
      requests: POPULAR.map((path) => ({ path })),
      connections: around.connections ?? 10,
      rate: around.rate
    })]
  }
}
