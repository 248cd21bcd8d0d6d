import { type Client, sendInTime } from './client.js'
import {
  type Answer,
  type Condition,
  type Exchange,
  type Intent,
  type Outgoing,
  textOf
} from './exchange.js'
import type { Subject } from './subject.js'
import { CookieJar, MEANS, type Means, USERS } from './users.js'

type Side = 'plain' | 'weir'

/**
 * Dot segments in the requests of this checker. They have no meaning, so Weir's twin may treat the
 * path like the one without (RFC 3986, 6.2.2.3).
 */
export const DOT_SEGMENTS = /\/(?:\.|x\/\.\.)(?=\/)/

/** The users of both twins: sends a request of one of them to each twin. */
export class Session {
  readonly #jars = new Map<string, CookieJar>()
  readonly #means = new Map<string, Means>(Object.entries(MEANS))

  constructor (readonly clients: Readonly<Record<Side, Client>>, readonly subject: Subject) {
    for (const user of USERS) {
      for (const side of ['plain', 'weir']) {
        this.#jars.set(`${side} ${user}`, new CookieJar(MEANS[user] === 'cookie' ? { user } : {}))
      }
    }
  }

  async exchange (intent: Intent): Promise<Exchange> {
    const sent = { plain: this.#outgoing(intent, 'plain'), weir: this.#outgoing(intent, 'weir') }
    // One at a time: both twins go through the same states.
    const plain = await this.#send(intent, sent.plain, 'plain')
    const weir = await this.#send(intent, sent.weir, 'weir')
    return { intent, sent, plain, weir }
  }

  /** The same exchange, but with a request without dot segments to the twin without Weir. */
  async withoutDots (exchange: Exchange): Promise<Exchange> {
    const path = exchange.intent.path.replace(DOT_SEGMENTS, '')
    const { plain } = await this.exchange({ ...exchange.intent, path })
    return { ...exchange, plain }
  }

  async #send ({ user }: Intent, outgoing: Outgoing, side: Side): Promise<Answer> {
    const answer = await sendInTime(this.clients[side], outgoing)
    if (this.#means.get(user) === 'cookie') this.#jars.get(`${side} ${user}`)?.take(answer)
    return answer
  }

  #outgoing ({ user, method, path, headers, body, condition }: Intent, side: Side): Outgoing {
    return {
      method,
      path,
      headers: {
        ...headers,
        ...this.#credentials(user, side),
        ...conditionHeaders(condition, side)
      },
      body
    }
  }

  #credentials (user: string, side: Side): Record<string, string> {
    switch (this.#means.get(user)) {
      case 'authorization':
        return { authorization: this.subject.authorization?.(user) ?? `Bearer ${user}` }
      case 'api-key':
        return { 'x-api-key': user }
      case 'cookie': {
        const cookie = this.#jars.get(`${side} ${user}`)?.header
        return cookie === undefined ? {} : { cookie }
      }
      default:
        return {}
    }
  }
}

/** The validator issued by the twin itself; the other twin's, if it issues none. */
function conditionHeaders (condition: Condition | undefined, side: Side): Record<string, string> {
  if (condition === undefined) return {}
  const { field, from } = condition
  const own = from[side].headers
  const value =
    field === 'if-none-match'
      ? (textOf(own, 'etag') ?? textOf(from.weir.headers, 'etag'))
      : (textOf(own, 'last-modified') ??
        textOf(from.weir.headers, 'last-modified') ??
        textOf(from.weir.headers, 'date'))
  return value === undefined ? {} : { [field]: value }
}
