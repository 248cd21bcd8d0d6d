import { shown } from './errors.js'
import { decodeHead, type EntryMetadata, frameLength } from './frame-head.js'
import { keyTag } from './entry.js'
import { type Known, refused } from './known-options.js'
import type { Entries, ScannedFrame } from './store.js'
import type { Validity } from './validity.js'

/** Options of {@link Cache.keys}. */
export interface KeysOptions {
  /** The `cursor` of the page before. Default: the first page. */
  readonly cursor?: string | undefined
  /** Keys of a page, about: from 1 to 1000. Default 100. */
  readonly limit?: number
}

/** One page of {@link Cache.keys}. */
export interface KeysPage {
  readonly keys: readonly ListedKey[]
  /** Gives the next page; undefined at the end. A page without keys need not be the last. */
  readonly cursor: string | undefined
}

/** A key in the store, with what is known of its entry without reading the value. */
export interface ListedKey {
  readonly key: string
  /**
   * The entry without its value. Undefined if no entry of this version of the package is there: a
   * read is a miss.
   */
  readonly entry: EntryMetadata | undefined
  /** Bytes of the entry in the store; those of its start if there is none of this version. */
  readonly bytes: number
  /** Rule V holds: the entry has not been invalidated. */
  readonly valid: boolean
}

const MOST = 1000

export const KEYS: Known<KeysOptions> = {
  cursor (value) {
    if (typeof value !== 'string' || value === '') {
      throw refused(`cursor ${shown(value)}: give that of the page before`)
    }
  },
  limit (value) {
    if (!(Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MOST)) {
      throw refused(`limit ${shown(value)}: give a whole number from 1 to ${MOST}`)
    }
  }
}

/** The key of a scanned frame, judged now. */
export async function listedKey (
  { key, head }: ScannedFrame,
  entries: Entries,
  validity: Validity
): Promise<ListedKey> {
  const bytes = frameLength(head) ?? head.length
  const entry = decodeHead(head) ?? await metadataOf(key, head, entries)
  const valid = entry !== undefined &&
    (await validity.isValid({ key, stamp: entry.stamp, tags: [...entry.tags, keyTag(key)] }))
  return { key, entry, bytes, valid }
}

/** Few entries have so many tags that all of it has to be read. */
async function metadataOf (
  key: string,
  head: Buffer,
  entries: Entries
): Promise<EntryMetadata | undefined> {
  if (frameLength(head) === undefined) return undefined
  const [frame] = await entries.get([key])
  return frame && decodeHead(frame)
}
