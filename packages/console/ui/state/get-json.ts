import { type Problem, problemOf } from '../model/problem.js'
import { told } from '../model/told.js'

/** The value that an API of the console returned, or the reason for its failure. */
export type Answer<T> = { readonly value: T } | { readonly problem: Problem }

/** The problem of a request without a response. */
export const UNREACHED: Problem = {
  status: 0,
  title: 'No answer',
  detail: 'The service did not answer: it may be down, or this machine may be offline.',
  errors: []
}

/**
 * Requests JSON with the cookies of the console's own origin. Never throws: failures are returned
 * as problems, including an abort by `signal`.
 */
export async function getJson<T> (
  path: string,
  signal: AbortSignal,
  headers: Readonly<Record<string, string>> = {}
): Promise<Answer<T>> {
  try {
    const response = await fetch(path, { signal, headers, credentials: 'same-origin' })
    const text = await response.text()
    return response.ok
      ? { value: told(text) }
      : { problem: problemOf(response.status, text, response.headers.get('retry-after')) }
  } catch {
    return { problem: UNREACHED }
  }
}
