import { numberOf } from './counter-frame.js'
import { CHECKSUM_OFFSET, HEADER, STAMP_OFFSET, stampOf, STORED_AT_OFFSET } from './frame.js'
import type { FrameVersion } from './store.js'

/** Length of {@link versionBytes}. */
export const VERSION_WIDTH = 20

/** Returns the version of a frame; undefined if it has no header. */
export function versionOf (frame: Buffer): FrameVersion | undefined {
  if (frame.length < HEADER) return undefined
  return {
    stamp: stampOf(frame),
    storedAt: frame.readDoubleBE(STORED_AT_OFFSET),
    checksum: frame.readUInt32BE(CHECKSUM_OFFSET),
    number: numberOf(frame)
  }
}

export function isSameVersion (a: FrameVersion | undefined, b: FrameVersion | undefined): boolean {
  return (
    a?.stamp === b?.stamp &&
    a?.storedAt === b?.storedAt &&
    a?.checksum === b?.checksum &&
    a?.number === b?.number
  )
}

/** Reports whether the stored frame is the one that {@link Entries.swap} expects. */
export function isSeen (frame: Buffer | undefined, seen: FrameVersion | undefined): boolean {
  if (frame === undefined || seen === undefined) return frame === seen
  const present = versionOf(frame)
  return (
    present !== undefined &&
    isSameVersion(seen.number === undefined ? { ...present, number: undefined } : present, seen)
  )
}

/** Encodes stamp, storedAt and checksum as a frame does. */
export function versionBytes ({ stamp, storedAt, checksum }: FrameVersion): Buffer {
  const bytes = Buffer.allocUnsafe(VERSION_WIDTH)
  bytes.writeDoubleBE(stamp, 0)
  bytes.writeDoubleBE(storedAt, STORED_AT_OFFSET - STAMP_OFFSET)
  bytes.writeUInt32BE(checksum, 16)
  return bytes
}
