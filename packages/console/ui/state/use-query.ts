import { useEffect, useState } from 'preact/hooks'
import { isRefusal, type Problem } from '../model/problem.js'
import { getJson } from './get-json.js'

/** The state of a query that is refetched periodically. */
export interface Query<T> {
  /** The latest value, retained when a request fails. */
  readonly value?: T
  readonly problem?: Problem
}

const GIVE_UP_MS = 10_000
// Minimum interval in ms while the server refuses: the client may log in elsewhere.
const REFUSED_MS = 60_000

/**
 * Requests JSON immediately, then `everyMs` after each response while the page is visible. `path`
 * is evaluated for each request, because time ranges move. A change of `key` discards the known
 * value.
 *
 * @param headers request header fields; include their dependencies in `key`
 */
export function useQuery<T> (
  key: string,
  path: (now: number) => string,
  everyMs: number,
  headers: Readonly<Record<string, string>> = {}
): Query<T> {
  const [known, setKnown] = useState<{ readonly key: string; readonly query: Query<T> }>({
    key,
    query: {}
  })

  useEffect(() => {
    const ended = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    const ask = async () => {
      const answer = await getJson<T>(
        path(Date.now()),
        AbortSignal.any([ended.signal, AbortSignal.timeout(GIVE_UP_MS)]),
        headers
      )
      if (ended.signal.aborted) return
      setKnown((before) => ({
        key,
        query: 'value' in answer ? answer : { ...(before.key === key && before.query), ...answer }
      }))
      timer = setTimeout(again, 'problem' in answer ? waitAfter(answer.problem, everyMs) : everyMs)
    }
    const again = () => {
      if (document.hidden) { document.addEventListener('visibilitychange', again, { once: true, signal: ended.signal }) } else ask().catch(console.error)
    }
    again()
    return () => {
      clearTimeout(timer)
      ended.abort()
    }
    // `path` and `headers` have a new identity on each render, but are equivalent for the same key.
  }, [key, everyMs])

  return known.key === key ? known.query : {}
}

const waitAfter = (problem: Problem, everyMs: number): number =>
  Math.max(everyMs, (problem.retryAfter ?? 0) * 1000, isRefusal(problem) ? REFUSED_MS : 0)
