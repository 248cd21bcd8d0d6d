import { keyTag } from '@weir/cache'
import { parseCacheGroups, type HeaderValue } from '@weir/http'
import { ignoreRejection } from './key.js'

/** Tags as a route's function gave them, apart from what it gave that is none. */
export interface GivenTags {
  readonly tags: readonly string[]
  /** Undefined if all is well. */
  readonly malformed: unknown
}

/** Whether it can be a tag: a non-empty string of well-formed Unicode. */
export const isTag = (value: unknown): value is string => typeof value === 'string' && value !== '' && !/\p{Cs}/u.test(value)

const KEY_MARK = keyTag('')

/** Whether the tag is that of a key or URI: caches downstream are told of those by method and headers. */
export const isKeyTag = (tag: string) => tag.startsWith(KEY_MARK)

/** Looks through what a function of the application's returned as its list of tags. */
export function givenTags (given: unknown): GivenTags {
  if (!Array.isArray(given)) {
    ignoreRejection(given)
    return { tags: [], malformed: given ?? String(given) }
  }
  const list: readonly unknown[] = given
  const tags = list.filter(isTag)
  return { tags, malformed: tags.length === list.length ? undefined : list.find((tag) => !isTag(tag)) ?? 'undefined' }
}

/** The groups of a field that can be tags: an empty one, which the syntax allows, is left out. */
export const groupTags = (field: HeaderValue): string[] => parseCacheGroups(field).filter(isTag)
