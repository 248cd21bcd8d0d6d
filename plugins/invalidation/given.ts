import { givenTags, type GivenTags } from '../response-cache/tags.js'
import type { InvalidationTicket } from './index.js'

/**
 * Looks through what an application gave as its tags, which may be anything. Text outside of a list
 * is a tag, and a mistake: to invalidate too much is harmless.
 */
export function checkedTags (given: unknown): GivenTags {
  if (typeof given === 'string') return { tags: givenTags([given]).tags, malformed: given }
  return givenTags(Array.isArray(given) ? elementsOf(given) : given)
}

/** The elements of a list. One that throws when it is read is replaced by what it throws. */
function elementsOf (list: readonly unknown[]): unknown[] {
  const elements: unknown[] = []
  for (let i = 0; i < list.length; i++) {
    try {
      elements.push(list[i])
    } catch (error) {
      elements.push(error)
    }
  }
  return elements
}

/**
 * Whether it is a ticket, whose tags may still be anything, and no object that merely has an id.
 */
export const isTicket = (given: unknown): given is InvalidationTicket =>
  typeof given === 'object' && given !== null &&
  'id' in given && typeof given.id === 'string' && 'tags' in given && Array.isArray(given.tags)

/** Whether a handler returned a promise, of whatever kind. */
export const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
