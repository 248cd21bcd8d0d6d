import { setTimeout as delay } from 'node:timers/promises'
import { request } from 'undici'
import { LoadError } from './errors.js'
import { type Surroundings } from './scenario.js'

const TIMEOUT_MS = 10_000
/** Seconds to wait if a 429 does not specify it. */
const RETRY_AFTER = 1
/** Seconds. Clients that have used up an hourly limit get an error instead of a wait. */
const LONGEST_WAIT = 10
const ATTEMPTS = 5

/** A complete response. */
export interface Answered {
  readonly path: string
  readonly status: number
  readonly etag: string | undefined
  readonly body: string
}

/**
 * Sends one request that is not measured, again after a 429 when its Retry-After has passed.
 *
 * @throws LoadError `WEIR_ERR_NOBODY_ANSWERS`
 */
export async function ask (
  { url, signal, say }: Surroundings,
  path: string,
  {
    method = 'GET',
    headers,
    body
  }: { method?: 'GET' | 'PATCH'; headers?: Record<string, string>; body?: string } = {}
): Promise<Answered> {
  const once = async () => {
    const {
      statusCode: status,
      headers: answer,
      body: stream
    } = await request(`${url}${path}`, {
      method,
      signal,
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
      headers: { ...headers },
      ...(body !== undefined && { body })
    })
    return { status, headers: answer, text: await stream.text() }
  }
  for (let attempt = 1; ; attempt++) {
    const {
      status,
      headers: answer,
      text
    } = await once().catch((error: unknown) => {
      if (signal.aborted) throw error
      throw nobodyAnswers(url, error)
    })
    const seconds = Number(oneOf(answer['retry-after'])) || RETRY_AFTER
    if (status !== 429 || attempt === ATTEMPTS || seconds > LONGEST_WAIT) {
      return { path, status, etag: oneOf(answer.etag), body: text }
    }
    say(`${method} ${path} is rate-limited: retrying in ${seconds} s`)
    await delay(seconds * 1000, undefined, { signal })
  }
}

/**
 * Requests each path once, so that it is in the cache.
 *
 * @throws LoadError `WEIR_ERR_NOBODY_ANSWERS`, `WEIR_ERR_UNEXPECTED_ANSWER`
 */
export async function warmUp (around: Surroundings, paths: readonly string[]): Promise<Answered[]> {
  const answers = []
  for (const path of paths) {
    const answer = await ask(around, path)
    if (answer.status !== 200) throw unexpected(around.url, 'GET', answer)
    answers.push(answer)
  }
  return answers
}

export function unexpected (
  url: string,
  method: string,
  { path, status, body }: Answered
): LoadError {
  return new LoadError(
    'WEIR_ERR_UNEXPECTED_ANSWER',
    `${method} ${url}${path} got status ${status}, not the expected response: is this Weir's suite, and is its service up? ${body.slice(0, 200)}`.trim()
  )
}

function nobodyAnswers (url: string, error: unknown): LoadError {
  const why = error instanceof Error ? codesOf(error) : String(error)
  return new LoadError(
    'WEIR_ERR_NOBODY_ANSWERS',
    `no response from ${url} (${why}): start the suite with npm start, or set its address with --url`
  )
}

/** Error codes of a failure; a host with several addresses has one failure for each. */
function codesOf (error: Error): string {
  const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : [error]
  return [
    ...new Set(
      errors.map((one) => (one instanceof Error && 'code' in one ? String(one.code) : String(one)))
    )
  ].join(', ')
}

const oneOf = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value[0] : value
