import { useEffect, useMemo, useState } from 'preact/hooks'
import { type Events, type FleetEvent } from '../model/api.js'
import { type EventFilter, isShown, merged } from '../model/events.js'
import { type Problem } from '../model/problem.js'
import { getJson } from './get-json.js'
import { live } from './live.js'
import { type Query } from './use-query.js'
import { useStored } from './use-stored.js'

const GIVE_UP_MS = 10_000

/** The loaded events of the fleet. */
export interface EventList {
  readonly query: Query<readonly FleetEvent[]>
  /** Whether older events exist. */
  readonly hasMore: boolean
  readonly isLoading: boolean
  readonly loadMore: () => void
}

interface Loaded {
  readonly key: string
  readonly events: readonly FleetEvent[]
  readonly next: string | null
  readonly problem?: Problem
}

/**
 * Returns the events that match a filter, newest first, one page at a time. New events are added
 * live unless the time range is fixed. The first page is reloaded when the live stream is back.
 *
 * @param time `from=…&to=…`, or empty
 * @param isFixed whether the time range ends in the past
 */
export function useEvents (filter: EventFilter, time: string, isFixed = false): EventList {
  const search = new URLSearchParams({ ...filter }).toString()
  const key = `${search}&${time}`
  const [loaded, setLoaded] = useState<Loaded>()
  const [asked, setAsked] = useState<{ readonly key: string, readonly cursor: string }>()
  const [isLoading, setLoading] = useState(false)
  const { events: told, phase } = useStored(live.state)
  const cursor = asked?.key === key ? asked.cursor : undefined

  useEffect(() => {
    if (phase === 'lost') return
    const ended = new AbortController()
    const signal = AbortSignal.any([ended.signal, AbortSignal.timeout(GIVE_UP_MS)])
    const query = [search, time, cursor === undefined ? '' : `cursor=${cursor}`]
    setLoading(true)
    getJson<Events>(`api/stats/events?${query.filter((part) => part !== '').join('&')}`, signal)
      .then((answer) => {
        if (ended.signal.aborted) return
        setLoading(false)
        setLoaded((before) => {
          const known = before?.key === key ? before : { key, events: [], next: null }
          if ('problem' in answer) return { ...known, problem: answer.problem }
          const { events, next } = answer.value
          return { key, events: merged(known.events, events), next }
        })
      })
      .catch(console.error)
    return () => ended.abort()
  }, [key, cursor, phase === 'lost'])

  const current = loaded?.key === key ? loaded : undefined
  const events = useMemo(
    () =>
      current === undefined
        ? undefined
        : isFixed
          ? current.events
          : merged(current.events, told.filter((event) => isShown(event, filter))),
    [current, told, isFixed]
  )
  return {
    query: {
      ...(events !== undefined && { value: events }),
      ...(current?.problem !== undefined && { problem: current.problem })
    },
    hasMore: typeof current?.next === 'string',
    isLoading,
    loadMore: () => {
      if (typeof current?.next === 'string') setAsked({ key, cursor: current.next })
    }
  }
}
