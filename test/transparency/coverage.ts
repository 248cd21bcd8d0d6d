import { isHit } from './compare.js'
import { decoded } from './decoded.js'
import { type Exchange, type Headers, textOf } from './exchange.js'
import { SELECTING } from './requests.js'

/** Counts how many of the cacheable responses came from the cache. */
export class Coverage {
  possible = 0
  hits = 0
  /** All hits, including unexpected ones. */
  allHits = 0
  readonly #known = new Set<string>()

  note (exchange: Exchange): void {
    const { intent, weir } = exchange
    if (isHit(weir)) this.allHits++
    if (intent.method !== 'GET') return
    if (!isStorable(exchange)) return
    const signature = signatureOf(exchange)
    if (this.#known.has(signature)) {
      this.possible++
      if (isHit(weir)) this.hits++
    } else this.#known.add(signature)
  }
}

/** Whether a response can be expected to be stored, and served from then on. */
function isStorable ({ intent, plain }: Exchange): boolean {
  const { target, user, headers } = intent
  if (target === undefined || !(target.isStored ?? target.isCached)) return false
  if (target.isShared !== true && user !== 'anonymous') return false
  if (['cache-control', 'pragma', 'range'].some((name) => headers[name] !== undefined)) return false
  return (
    plain.status === 200 && plain.headers['set-cookie'] === undefined && !isPrivate(plain.headers)
  )
}

const isPrivate = (headers: Headers) =>
  /private|no-store|no-cache/.test(textOf(headers, 'cache-control') ?? '')

/**
 * Identifies a request together with its response: writes invalidate some responses, and leave
 * others.
 */
function signatureOf ({ intent: { path, headers }, plain }: Exchange): string {
  return JSON.stringify([
    path,
    decoded(plain).toString('latin1'),
    ...SELECTING.map((name) => headers[name])
  ])
}
