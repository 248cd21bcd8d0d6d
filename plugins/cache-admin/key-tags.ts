import { keyTag } from '@weir/cache'

// What sets the tags of keys apart from those that people name.
const MARK = keyTag('')

/** The tags that people have named. */
export const named = (tags: readonly string[]) => tags.filter((tag) => !tag.startsWith(MARK))

/** The key that a tag is of; a tag that people have named, as it is. */
export const keyOfTag = (tag: string) => tag.startsWith(MARK) ? tag.slice(MARK.length) : tag
