import { useEffect, useState } from 'preact/hooks'
import { type Problem } from '../model/problem.js'
import { getJson } from './get-json.js'

/** What is known of something that is asked for again and again. */
export interface Query<T> {
  /** The last that came: it stays while there is a problem. */
  readonly value?: T
  readonly problem?: Problem
}

const GIVE_UP_MS = 10_000

/**
 * Asks for JSON at once and then `everyMs` after each answer, while the page can be seen. `path` is
 * asked anew each time, because stretches of time move; where `key` changes, what was known is
 * forgotten.
 * @param headers sent along; what they depend on belongs in `key`
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
      const wait =
        'problem' in answer ? Math.max(everyMs, (answer.problem.retryAfter ?? 0) * 1000) : everyMs
      timer = setTimeout(again, wait)
    }
    const again = () => {
      if (document.hidden) { document.addEventListener('visibilitychange', again, { once: true, signal: ended.signal }) } else ask().catch(console.error)
    }
    again()
    return () => {
      clearTimeout(timer)
      ended.abort()
    }
    // `path` and `headers` are others each time, and the same for the same key.
  }, [key, everyMs])

  return known.key === key ? known.query : {}
}
