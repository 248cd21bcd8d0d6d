import { MetricsError } from '../errors.js'
import type { FilledEvent, ServedEvent } from './event.js'
import { normalEncoding } from './redact.js'

/** First character of the tag of a key, which is not for display. */
const MARK = '\u0001'

/** The tag that every entry has for its own key. */
export const tagOfKey = (key: string): string => MARK + key

export const withoutMark = (tag: string): string => tag.startsWith(MARK) ? tag.slice(1) : tag

/** Returns the first line of a key: the URL of a response. */
export const urlOf = (key: string): string => key.split('\n', 1)[0] ?? ''

/** Returns a URL without scheme and authority. */
export const pathOf = (url: string): string => url.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i, '')

/** Returns scheme and authority of a URL. */
export const originOf = (url: string) => url.slice(0, url.length - pathOf(url).length)

/**
 * Returns a URL as keys have it: its encodings in normal form, without a user, host in lower case.
 * @throws MetricsError WEIR_METRICS_INVALID_QUESTION
 */
export function askedUrl (given: string): string {
  const refuse = (problem: string) => new MetricsError(
    'WEIR_METRICS_INVALID_QUESTION',
    `The URL ${JSON.stringify(given)?.slice(0, 200)} ${problem}: give a path that begins ` +
    'with /, or an http or https URL')
  if (typeof given !== 'string' || given === '') throw refuse('is empty or no text')
  const isWhole = !given.startsWith('/')
  if (isWhole && !(/^https?:\/\/[^/?#]/i.test(given) && URL.canParse(given))) {
    throw refuse('is neither a path nor a URL')
  }
  const path = pathOf(isWhole ? given : `http://x${given}`)
  // The console has keys with '#': of a route's own function, and of No-Vary-Search.
  if (path.includes('#') && !/^#|#(?:key-order|params|except)/.test(path)) {
    throw refuse('has a fragment, which no server receives; leave out what follows #')
  }
  const name = normalEncoding(given.includes('[redacted')
    ? path
    : path.replace(/\p{Cs}/gu, '\ufffd').replace(/[^\x21-\x7e]+/g, encodeURIComponent))
  if (!isWhole) return name
  const { protocol, host } = new URL(given)
  return `${protocol}//${host}${/^[/#]/.test(name) ? '' : '/'}${name}`
}

export const keyIn = (event: FilledEvent | ServedEvent): string =>
  event.kind === 'filled' ? event.version.key : event.key
