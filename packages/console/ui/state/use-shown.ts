import { useEffect, useRef, useState } from 'preact/hooks'
import { type Exchange } from '../model/exchange.js'
import { concerns, type Shown } from '../model/shown.js'
import { withDemo } from '../model/services.js'
import { identityCalled } from './identity.js'
import { live } from './live.js'
import { knownAfter, send } from './send.js'
import { services } from './services.js'
import { type Query } from './use-query.js'

/** The current state of a shop resource. */
export interface Current {
  readonly query: Query<Exchange>
  readonly isAsking: boolean
  readonly ask: () => void
}

/**
 * Loads a shop resource, and refetches it after each invalidation that concerns it and when the
 * live stream is back. Reads are public, so requests are sent anonymously.
 */
export function useShown (path: string, shown: Shown): Current {
  const [known, setKnown] = useState<Omit<Current, 'ask'> & { readonly path: string }>({
    path,
    query: {},
    isAsking: true
  })
  const asker = useRef<() => void>(() => {})

  useEffect(() => {
    const ended = new AbortController()
    let isAsking = false
    let isOutdated = false

    const ask = () => {
      // Requests run one at a time. All changes during a request share a single follow-up.
      isOutdated = isAsking
      if (isAsking) return
      isAsking = true
      setKnown((before) => ({ path, query: before.path === path ? before.query : {}, isAsking }))
      send({ method: 'GET', path }, identityCalled('anonymous'), ended.signal).then((sent) => {
        if (ended.signal.aborted) return
        isAsking = false
        setKnown(({ query }) => ({ path, query: knownAfter(query, sent), isAsking }))
        if (isOutdated) ask()
      }).catch(console.error)
    }
    asker.current = ask
    ask()
    const unlisten = live.listen((event) => {
      const of = withDemo(services.get() ?? [], 'products')?.service
      if (event === undefined || concerns(event, shown, of)) ask()
    })
    return () => {
      unlisten()
      ended.abort()
    }
    // `shown` is derived from the path.
  }, [path])

  return {
    ...(known.path === path ? known : { query: {}, isAsking: true }),
    ask: () => asker.current()
  }
}
