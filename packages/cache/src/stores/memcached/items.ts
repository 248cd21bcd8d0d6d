import { EPOCH_BYTES } from './records.js'

/**
 * A frame in an item, with the epoch of its records and its expiry in milliseconds: the protocol
 * has whole seconds.
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

/** Decodes a frame's item; undefined if it is something else or has expired. */
export function decodeItem (item: Buffer): StoredFrame | undefined {
  if (item.length < HEADER) return undefined
  const end = item.readDoubleBE(EPOCH_BYTES)
  if (!(end > Date.now())) return undefined
  return { epoch: item.toString('base64url', 0, EPOCH_BYTES), end, frame: item.subarray(HEADER) }
}

/**
 * Returns the protocol's lifetime in seconds for an item that has to last until `end` by the
 * server's clock, which ticks once a second.
 */
export function lifetimeUntil (end: number): number {
  const seconds = Math.ceil((end - Date.now()) / 1000) + 1
  if (seconds <= LONGEST_RELATIVE) return Math.max(1, seconds)
  // Longer lifetimes are sent as a timestamp; beyond the protocol's 32 bits as no expiry, and the
  // expiry in the item applies.
  const at = Math.ceil(end / 1000) + 1
  return at < 2 ** 31 ? at : 0
}

const LONGEST_RELATIVE = 30 * 24 * 3600
