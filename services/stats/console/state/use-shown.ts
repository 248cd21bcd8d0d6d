import { useEffect, useRef, useState } from 'preact/hooks'
import { concerns, type Shown } from '../model/shown.js'
import { identityCalled } from './identity.js'
import { live } from './live.js'
import { send, type Sent } from './send.js'

/** Something of the shop, as it is now. */
export interface Current {
  /** The last answer. */
  readonly sent?: Sent
  readonly isAsking: boolean
  readonly ask: () => void
}

/**
 * A page of the shop, asked for again whenever an invalidation is told that concerns it, and when the live stream is back. Anybody
 * may read, so it is asked for as nobody in particular.
 */
export function useShown (path: string, shown: Shown): Current {
  const [state, setState] = useState<{ readonly path: string, readonly sent?: Sent, readonly isAsking: boolean }>({ path, isAsking: true })
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
      setState((before) => ({ ...(before.path === path && before), path, isAsking }))
      send({ method: 'GET', path }, identityCalled('anonymous'), ended.signal).then((sent) => {
        if (ended.signal.aborted) return
        isAsking = false
        setState({ path, sent, isAsking })
        if (isOutdated) ask()
      }).catch(console.error)
    }
    asker.current = ask
    ask()
    const unlisten = live.listen((event) => {
      if (event === undefined || concerns(event, shown)) ask()
    })
    return () => {
      unlisten()
      ended.abort()
    }
    // `shown` follows from the path.
  }, [path])

  return { ...(state.path === path ? state : { isAsking: true }), ask: () => asker.current() }
}
