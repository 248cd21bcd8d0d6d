import { isCounter, NUMBER_WIDTH } from './counter-frame.js'
import { type Entry } from './entry.js'
import { HEADER, isFrame, metadataOf, tagsOf } from './frame.js'

/** Bytes that a store reads first of a frame whose value is not wanted: few have longer tags. */
export const HEAD_BYTES = 1024

/** Bytes that a store reads of such a frame at most. */
export const MOST_HEAD_BYTES = 64 * 1024

/** All of an entry but its value. */
export type EntryMetadata = Omit<Entry<unknown>, 'value'>

/**
 * Bytes from the start of a frame to the end of its tags: 0 if it is no frame. The first bytes of
 * the frame tell, as many as its header has.
 */
export const headLength = (head: Buffer): number =>
  isFrame(head) || isCounter(head) ? endOfTags(head) : 0

/** Bytes of the whole frame, by its first ones; undefined if it is none. */
export const frameLength = (head: Buffer): number | undefined =>
  headLength(head) === 0
    ? undefined
    : headLength(head) + head.readUInt32BE(56) + head.readUInt32BE(60)

/**
 * The metadata in the first bytes of a frame; undefined if it is none of this version, or its tags
 * go on after these bytes. The checksum is over the value too, and so is not looked at.
 */
export function decodeHead (head: Buffer): EntryMetadata | undefined {
  const end = headLength(head)
  if (end === 0 || head.length < end) return undefined
  const start = startOf(head) + head.readUInt16BE(2)
  const tags = tagsOf(head.toString('utf8', start, end))
  return tags && { ...metadataOf(head, head.toString('utf8', startOf(head), start)), tags }
}

const startOf = (head: Buffer) => HEADER + (isCounter(head) ? NUMBER_WIDTH : 0)

const endOfTags = (head: Buffer) => startOf(head) + head.readUInt16BE(2) + head.readUInt32BE(52)
