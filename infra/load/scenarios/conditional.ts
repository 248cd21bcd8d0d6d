import { warmUp } from '../ask.js'
import { measure } from '../measure.js'
import { POPULAR } from '../paths.js'
import type { Scenario } from '../scenario.js'

export const conditional: Scenario = {
  name: 'conditional',
  about: 'the same pages with the ETag that the client has: 304',
  parts: ['conditional'],
  async run (around) {
    const answers = await warmUp(around, POPULAR)
    return [
      await measure(around, {
        scenario: 'conditional',
        part: 'conditional',
        requests: answers.map(({ path, etag }) => ({
          path,
          headers: etag === undefined ? {} : { 'if-none-match': etag }
        })),
        connections: around.connections ?? 10,
        rate: around.rate
      })
    ]
  }
}
