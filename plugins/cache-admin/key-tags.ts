import { keyTag } from '@weir/cache'

// Prefix that distinguishes the tags of keys from tags named by applications.
const MARK = keyTag('')

/** Returns the tags that the application has named. */
export const named = (tags: readonly string[]) => tags.filter((tag) => !tag.startsWith(MARK))

/** Returns the key of a key tag; returns other tags unchanged. */
export const keyOfTag = (tag: string) => tag.startsWith(MARK) ? tag.slice(MARK.length) : tag
