import { warmUp } from '../ask.js'
import { measure } from '../measure.js'
import { WEATHER } from '../paths.js'
import type { Scenario } from '../scenario.js'

export const weather: Scenario = {
  name: 'weather',
  about: 'current weather and forecasts of a dozen cities',
  parts: ['weather'],
  async run (around) {
    await warmUp(around, WEATHER)
    return [await measure(around, {
      scenario: 'weather',
      part: 'weather',
      requests: WEATHER.map((path) => ({ path })),
      connections: around.connections ?? 10,
      rate: around.rate
    })]
  }
}
