import { newToken } from './token.js'
import { both, type Change } from './change.js'

/** One entry of the cache that no other request uses: the requests of one trial share it. */
export interface Key {
  readonly token: string
  /** Makes a request one of this key. */
  apply (change: Change): Change
}

/** A way to get entries of one's own. */
export interface Isolation {
  /** Shown in the report, such as `query weir-audit`. */
  readonly name: string
  /** A header field or parameter that the isolation uses, which trials leave alone. */
  readonly uses: string
  fresh (): Promise<Key>
}

/** A query parameter whose value makes the key. */
export const byQuery = (parameter: string): Isolation => simple(
  `query parameter ${parameter}`,
  parameter,
  (token) => ({ query: { [parameter]: token } })
)

/** A host name whose value makes the key. */
export const byHost: Isolation = simple(
  'Host',
  'host',
  (token) => ({ headers: { host: `${token}.audit.invalid` } })
)

/** A header field, which the response varies by. */
export const byHeader = (name: string): Isolation => simple(
  name,
  name,
  (token) => ({ headers: { [name]: token } })
)

/** Path of the route with another value in place of a parameter. */
export const byPath = (path: (token: string) => string): Isolation => simple(
  'path parameter',
  '',
  (token) => ({ path: () => path(token) })
)

/** No key of its own: the first request asks the cache to fetch the response anew. */
export const byRefresh: Isolation = {
  name: 'Cache-Control: no-cache',
  uses: 'cache-control',
  async fresh () {
    let isFirst = true
    return {
      token: newToken(),
      apply (change) {
        if (!isFirst) return change
        isFirst = false
        return both({ headers: { 'cache-control': 'no-cache' } }, change)
      }
    }
  }
}

/** No key of its own: each trial begins with an empty cache, or with a new app. */
export const byEmptying = (name: string, empty: () => Promise<void>): Isolation => ({
  name,
  uses: '',
  async fresh () {
    await empty()
    return { token: newToken(), apply: (change) => change }
  }
})

function simple (name: string, uses: string, part: (token: string) => Change): Isolation {
  return {
    name,
    uses,
    async fresh () {
      const token = newToken()
      return {
        token,
        apply: (change) => {
          const own = part(token)
          const path = change.path
          // A trial changes the path that the key has made.
          return path !== undefined && own.path !== undefined
            ? { ...both(own, change), path: (plain) => path(own.path?.(plain) ?? plain) }
            : both(own, change)
        }
      }
    }
  }
}
