import type { Stamp } from '../../validity.js'
import { type Change, changesOf, isList, isStamp, listOf, parsed } from './head.js'

/**
 * Changes that no longer fit in the head, starting where the previous segment ends. Each segment is
 * an item of its own that never changes, named by its end.
 */
export interface Segment {
  readonly from: Stamp
  readonly changes: readonly Change[]
}

// Seconds. An instance that has been idle for longer loses the segment and with it all its entries.
export const SEGMENT_LIFETIME = 7 * 24 * 3600

export const segmentName = (prefix: string, digest: string, epoch: string, end: Stamp): string =>
  `${prefix}:s:${digest}:${epoch}:${end}`

export const encodeSegment = ({ from, changes }: Segment): Buffer =>
  Buffer.from(JSON.stringify([from, changes.map(listOf)]))

/** Decodes a segment; undefined if it cannot be read. */
export function decodeSegment (bytes: Buffer): Segment | undefined {
  const segment = parsed(bytes)
  const [from, list] = isList(segment) ? segment : []
  const changes = changesOf(list)
  return isStamp(from) && changes !== undefined ? { from, changes } : undefined
}
