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

const originOf = (url: string) => url.slice(0, url.length - pathOf(url).length)

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

/** Returns a test of recorded URLs: in place of what they have lost, any text is right. */
function likeness (asked: string): (recorded: string) => boolean {
  return (recorded) => {
    if (recorded === asked) return true
    if (!recorded.includes('[redacted') || asked.includes('[redacted ')) return false
    const query = recorded.search(/[?#]/)
    const pattern = recorded.replace(MARK_OR_SPECIAL, (part, offset: number) => {
      if (!part.startsWith('[redacted')) return `\\${part}`
      const isLast = offset > LONG && offset + part.length === recorded.length
      return isLast ? '.*' : query !== -1 && offset > query ? '[^&#]*' : '[^/?#]*'
    })
    return new RegExp(`^${pattern}$`).test(asked)
  }
}

// Characters from which on a mark at the end may stand for all of the rest.
const LONG = 1000
const MARK_OR_SPECIAL = /\[redacted(?: [\w-]+)?\]|[\\^$.*+?()[\]{}|/-]/g

/**
 * Returns a function that tells whether a URL is the one in question: scheme and host count if the
 * question has them, and the query if it has one.
 */
export function urlMatcher (url: string): (recorded: string) => boolean {
  const asked = askedUrl(url)
  const isWhole = !asked.startsWith('/')
  const hasQuery = /[?#]/.test(asked)
  const isLike = likeness(asked)
  return (recorded) => {
    const name = isWhole ? recorded : pathOf(recorded)
    return isLike(hasQuery ? name : name.replace(/[?#].*$/s, ''))
  }
}

/**
 * Returns a function that tells whether a fill or a served request is one of a URL, by its key or
 * by its request: a route's own key function may hide the URL.
 */
export function eventMatcher (url: string): (event: FilledEvent | ServedEvent) => boolean {
  const isUrl = urlMatcher(url)
  return (event) => {
    const name = urlOf(keyIn(event))
    return isUrl(name) ||
      (event.request !== undefined && isUrl(originOf(name) + pathOf(event.request.url)))
  }
}

export const keyIn = (event: FilledEvent | ServedEvent): string =>
  event.kind === 'filled' ? event.version.key : event.key
