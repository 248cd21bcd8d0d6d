import { measure } from '../measure.js'
import { coldPaths } from '../paths.js'
import type { Scenario } from '../scenario.js'

export const cold: Scenario = {
  name: 'cold',
  about:
    'pages requested for the first time, each once: the cost of a response without the cache',
  parts: ['cold'],
  async run (around) {
    const path = coldPaths()
    return [
      await measure(around, {
        scenario: 'cold',
        part: 'cold',
        requests: [{ setupRequest: (request) => ({ ...request, path: path() }) }],
        connections: around.connections ?? 10,
        rate: around.rate
      })
    ]
  }
}
