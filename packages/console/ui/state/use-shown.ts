import { useEffect, useRef, useState } from 'preact/hooks'
import { type Exchange } from '../model/exchange.js'
import { concerns, type Shown } from '../model/shown.js'
import { withDemo } from '../model/services.js'
import { identityCalled } from './identity.js'
import { live } from './live.js'
import { knownAfter, send } from './send.js'
import { services } from './services.js'
import { type Query } from './use-query.js'

/** Something of the shop, as it is now. */
export interface Current {
  readonly query: Query<Exchange>
  readonly isAsking: boolean
  readonly ask: () => void
}

/**
 * A page of the shop, asked for again whenever an invalidation is told that concerns it, and when
 * the live stream is back. Anybody may read, so it is asked for as nobody in particular.
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
      // One at a time: what changes meanwhile is in the next one, however often it does.
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
    // `shown` follows from the path.
  }, [path])

  return {
    ...(known.path === path ? known : { query: {}, isAsking: true }),
    ask: () => asker.current()
  }
}
