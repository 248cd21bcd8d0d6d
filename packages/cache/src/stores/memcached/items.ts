import { EPOCH_BYTES } from './records.js'

/**
 * A frame in an item, after the epoch of the records that it is judged by and the time when it
 * ends, in milliseconds: the protocol has whole seconds.
 */
export interface StoredFrame {
  readonly epoch: string
  readonly end: number
  readonly frame: Buffer
}

const HEADER = EPOCH_BYTES + 8

export function encodeItem ({ epoch, end, frame }: StoredFrame): Buffer {
  const item = Buffer.allocUnsafe(HEADER + frame.length)
  item.write(epoch, 0, EPOCH_BYTES, 'base64url')
  item.writeDoubleBE(end, EPOCH_BYTES)
  item.set(frame, HEADER)
  return item
}

/** Undefined if it is none, or has ended. */
export function decodeItem (item: Buffer): StoredFrame | undefined {
  if (item.length < HEADER) return undefined
  const end = item.readDoubleBE(EPOCH_BYTES)
  if (!(end > Date.now())) return undefined
  return { epoch: item.toString('base64url', 0, EPOCH_BYTES), end, frame: item.subarray(HEADER) }
}

/**
 * Seconds, as the protocol has them: for an item that has to last until the end, by the server's
 * clock, which ticks once a second.
 */
export function lifetimeUntil (end: number): number {
  const seconds = Math.ceil((end - Date.now()) / 1000) + 1
  if (seconds <= LONGEST_RELATIVE) return Math.max(1, seconds)
  // Longer ones are given as a time of day; beyond the 32 bits of the protocol as none, and the end
  // in the item counts.
  const at = Math.ceil(end / 1000) + 1
  return at < 2 ** 31 ? at : 0
}

const LONGEST_RELATIVE = 30 * 24 * 3600
