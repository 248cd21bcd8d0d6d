import { hitSign } from '../probing/hit.js'
import type { RouteProbe } from '../probing/route-probe.js'
import type { Change } from '../probing/change.js'
import { newToken } from '../probing/token.js'
import { isSameBody, viewOf } from '../probing/view.js'
import type { CheckId } from '../catalogue.js'
import type { Answer } from '../target/target.js'
import { type Check, type Fault } from './check.js'
import { MADE_UP } from './users.js'

/** One fill, and a later request that was answered from it. */
interface Pair {
  readonly filled: Answer
  readonly hit: Answer
}

/** Fills an entry and reads it, twice; undefined unless both reads are hits. */
async function hits (
  probe: RouteProbe, fill: Change = {}, read: Change = {}
): Promise<[Pair, Pair] | undefined> {
  const pairs: Pair[] = []
  for (let i = 0; i < 2; i++) {
    const key = await probe.fresh()
    const filled = await probe.ask(key, fill)
    const hit = await probe.ask(key, read)
    const isRepeated = probe.sign === 'unchanged' &&
      isSameBody(viewOf(filled, key.token), viewOf(hit, key.token))
    if (hitSign(filled, hit) === undefined && !isRepeated) return undefined
    pairs.push({ filled, hit })
  }
  const [first, second] = pairs
  return first === undefined || second === undefined ? undefined : [first, second]
}

const directives = ({ headers }: Answer) =>
  (headers.get('cache-control') ?? '')
    .toLowerCase()
    .split(',')
    .map((part) => part.trim().split('=')[0] ?? '')

const hasDirective = (answer: Answer, ...names: readonly string[]) =>
  directives(answer).some((name) => names.includes(name))

const isFresh = (answer: Answer) =>
  hasDirective(answer, 'max-age', 's-maxage', 'public') || answer.headers.has('expires')

/** Looks for responses that no shared cache may store, or not for these requests. */
export const storing: Check = async function * (probe) {
  const pairs = await hits(probe)
  if (pairs !== undefined) yield * unstorable(pairs)
  if (isRefusal(probe.control.status)) yield * refusals(probe)
  // Only the declaration of a route tells whether its responses are for all clients.
  if (probe.route.isPublic !== false || probe.control.status >= 400) return
  // An entry that trials share was stored by other requests.
  if (probe.isolation === undefined) return
  const credentials = { headers: { authorization: `Bearer ${newToken()}` } }
  const answered = await hits(probe, credentials)
  if (answered?.every(({ filled, hit }) =>
    filled.status < 300 && hit.status < 300 && ![filled, hit].some((answer) =>
      hasDirective(answer, 'public', 's-maxage', 'must-revalidate'))) === true) {
    yield fault('stored-credentials', 'Authorization', answered[0],
      'The response to a request with Authorization is stored and served to a client without')
  }
}

const isRefusal = (status: number) => status === 401 || status === 403

/** Looks for refusals of anonymous clients that are served to clients with credentials. */
async function * refusals (probe: RouteProbe): AsyncGenerator<Fault> {
  for (const [input, headersOf] of Object.entries(MADE_UP)) {
    const served = await hits(probe, {}, { headers: headersOf(newToken()) })
    if (served?.every(({ filled, hit }) =>
      isRefusal(filled.status) && hit.status === filled.status) !== true) continue
    yield fault('stored-refusal', input, served[0],
      `The refusal (${served[0].filled.status}) of an anonymous client is stored, and served to a client with credentials`)
    return
  }
}

function * unstorable ([first, second]: readonly [Pair, Pair]): Generator<Fault> {
  const { filled, hit } = first
  const [cookie, other] = [filled.headers.get('set-cookie'), second.filled.headers.get('set-cookie')]
  // A cookie that each request gets anew is repeated only by a cache.
  if (cookie !== undefined && cookie !== other && hit.headers.get('set-cookie') === cookie) {
    yield fault('stored-set-cookie', 'Set-Cookie', first,
      'A hit sets the cookie of the client that filled it')
  }
  if (hasDirective(filled, 'private', 'no-store')) {
    const name = hasDirective(filled, 'private') ? 'private' : 'no-store'
    yield fault('stored-private', `Cache-Control: ${name}`, first,
      `A response with Cache-Control: ${name} is served from the cache`)
  }
  if ((filled.headers.get('vary') ?? '').split(',').some((name) => name.trim() === '*')) {
    yield fault('vary-star-stored', 'Vary: *', first,
      'A response with Vary: * is served from the cache')
  }
  if (filled.status >= 500 && !isFresh(filled)) {
    yield fault('stored-failure', `status ${filled.status}`, first,
      `A ${filled.status} is served from the cache and does not say for how long`)
  }
}

const fault = (check: CheckId, input: string, { filled, hit }: Pair, found: string): Fault =>
  ({ check, input, found, answers: [filled, hit] })
