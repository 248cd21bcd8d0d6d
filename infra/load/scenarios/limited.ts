import { warmUp } from '../ask.js'
import { measure } from '../measure.js'
import type { Scenario } from '../scenario.js'

const PATH = '/api/products/1'

export const limited: Scenario = {
  name: 'limited',
  about: 'one page far above the limit of one client: what passes',
  parts: ['limited'],
  async run (around) {
    await warmUp(around, [PATH])
    const result = await measure(around, {
      scenario: 'limited',
      part: 'limited',
      requests: [{ path: PATH }],
      connections: around.connections ?? 50,
      rate: around.rate
    })
    const { answered, seconds, outcomes } = result
    const refused = outcomes.find(({ outcome }) => outcome === 'limited')?.count ?? 0
    around.note(
      refused === 0
        ? 'Nothing was limited: it was too little, or this address may do what it likes (RATE_LIMIT_ALLOW).'
        : `${answered - refused} of ${answered} passed, ${((answered - refused) / seconds).toFixed(1)} a second.`
    )
    return [result]
  }
}
