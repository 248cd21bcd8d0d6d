import { ask, type Answered, unexpected, warmUp } from '../ask.js'
import { LoadError } from '../errors.js'
import { measure } from '../measure.js'
import { POPULAR } from '../paths.js'
import type { Scenario, Surroundings } from '../scenario.js'

// The catalog allows a user ten writes per second and 3,600 per hour.
const WRITES_PER_SECOND = 5
const WRITTEN = [1, 2, 3, 4, 5, 6]

export const mixed: Scenario = {
  name: 'mixed',
  about: `popular pages, with ${WRITES_PER_SECOND} writes a second to products among them; needs a token`,
  parts: ['reads', 'writes'],
  needsToken: true,
  async run (around) {
    await warmUp(around, POPULAR)
    const writes = await prepareWrites(around)
    return Promise.all([
      measure(around, {
        scenario: 'mixed',
        part: 'reads',
        requests: POPULAR.map((path) => ({ path })),
        connections: around.connections ?? 10,
        rate: around.rate
      }),
      measure(around, {
        scenario: 'mixed',
        part: 'writes',
        requests: writes,
        connections: 1,
        rate: WRITES_PER_SECOND,
        isWrite: true
      })
    ])
  }
}

/**
 * Prepares writes that give products the price they already have: everything that depends on them
 * is invalidated, and the shop stays unchanged.
 */
async function prepareWrites (around: Surroundings) {
  const headers = { authorization: `Bearer ${around.token}`, 'content-type': 'application/json' }
  const writes = []
  for (const id of WRITTEN) {
    const path = `/api/products/${id}`
    const write = {
      method: 'PATCH',
      path,
      headers,
      body: JSON.stringify({ price: priceOf(around, await ask(around, path)) })
    } as const
    const answer = await ask(around, path, write)
    if (answer.status === 401 || answer.status === 403) throw refused(answer.status)
    if (answer.status !== 200) throw unexpected(around.url, 'PATCH', answer)
    writes.push(write)
  }
  return writes
}

function priceOf ({ url }: Surroundings, answer: Answered): number {
  const product: unknown = answer.status === 200 ? JSON.parse(answer.body) : undefined
  if (
    typeof product !== 'object' ||
    product === null ||
    !('price' in product) ||
    typeof product.price !== 'number'
  ) {
    throw unexpected(url, 'GET', answer)
  }
  return product.price
}

const refused = (status: 401 | 403) =>
  new LoadError(
    'WEIR_ERR_TOKEN_REFUSED',
    status === 401
      ? 'the token was not accepted (401): npm start prints a new one at each start, use its EDITOR_TOKEN'
      : 'the token\'s user may not write (403): use the EDITOR_TOKEN that npm start prints'
  )
