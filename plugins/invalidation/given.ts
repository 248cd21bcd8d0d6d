import { givenTags, type GivenTags } from '../response-cache/tags.js'
import type { InvalidationTicket } from './index.js'

/**
 * Checks the tags that an application gave, which may have any type. Text outside of a list is used
 * as a tag and reported as a mistake: invalidating too much is harmless.
 */
export function checkedTags (given: unknown): GivenTags {
  if (typeof given === 'string') return { tags: givenTags([given]).tags, malformed: given }
  return givenTags(Array.isArray(given) ? elementsOf(given) : given)
}

/**
 * Returns the elements of a list. An element that throws when it is read is replaced by the error.
 */
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
 * Returns whether a value is a ticket, whose tags may still be anything, rather than another object
 * with an id.
 */
export const isTicket = (given: unknown): given is InvalidationTicket =>
  typeof given === 'object' && given !== null &&
  'id' in given && typeof given.id === 'string' && 'tags' in given && Array.isArray(given.tags)

/** Returns whether a handler returned a promise of any kind. */
export const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
