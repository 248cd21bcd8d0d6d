import { crc32 } from 'node:zlib'
import { type Entry } from './entry.js'
import { type Serialized } from './serializer.js'
import type { FrameId } from './store.js'
import type { Stamp } from './validity.js'

/**
 * The layout of an entry in a store: a fixed header, then filledBy, tags, meta and body as raw
 * bytes. Numbers are big-endian.
 *
 * ```
 *    0  'W'                   4  stamp        f64    48  cost         u32
 *    1  version         u8   12  storedAt     f64    52  tags length  u32
 *    2  filledBy length u16  20  freshUntil   f64    56  meta length  u32
 *                            28  staleUntil   f64    60  body length  u32
 *                            36  errorUntil   f64    64  crc32 of all but this field  u32
 *                            44  keptFor, s   u32    68  filledBy, tags (a JSON list), meta, body
 * ```
 *
 * The Redis scripts that compare frames know the offsets of stamp, storedAt and crc32. A counter's
 * frame has its number after the header, see counter-frame.ts.
 */
export const VERSION = 4
export const STAMP_OFFSET = 4
export const STORED_AT_OFFSET = 12
export const CHECKSUM_OFFSET = 64
export const HEADER = 68
const MAGIC = 0x57

/** An entry whose value is still serialized. */
export type Frame = Entry<{ readonly meta: string, readonly body: Buffer }>

export function encodeFrame (entry: Entry<Serialized>): Buffer {
  const { meta, body } = entry.value
  const tags = entry.tags.length === 0 ? '' : JSON.stringify(entry.tags)
  const nameLength = Buffer.byteLength(entry.filledBy)
  const tagsLength = Buffer.byteLength(tags)
  const metaLength = Buffer.byteLength(meta)
  const start = HEADER + nameLength
  const frame = Buffer.allocUnsafe(start + tagsLength + metaLength + body.byteLength)
  frame[0] = MAGIC
  frame[1] = VERSION
  frame.writeUInt16BE(nameLength, 2)
  frame.writeDoubleBE(entry.stamp, STAMP_OFFSET)
  frame.writeDoubleBE(entry.storedAt, STORED_AT_OFFSET)
  frame.writeDoubleBE(entry.freshUntil, 20)
  frame.writeDoubleBE(entry.staleUntil, 28)
  frame.writeDoubleBE(entry.errorUntil, 36)
  frame.writeUInt32BE(Math.ceil(entry.keptFor / 1000), 44)
  frame.writeUInt32BE(entry.cost, 48)
  frame.writeUInt32BE(tagsLength, 52)
  frame.writeUInt32BE(metaLength, 56)
  frame.writeUInt32BE(body.byteLength, 60)
  frame.write(entry.filledBy, HEADER)
  frame.write(tags, start)
  frame.write(meta, start + tagsLength)
  frame.set(body, start + tagsLength + metaLength)
  frame.writeUInt32BE(checksum(frame), CHECKSUM_OFFSET)
  return frame
}

/** Decodes a frame; undefined, and so a miss, if the version differs or the frame is not whole. */
export function decodeFrame (frame: Buffer): Frame | undefined {
  if (!isFrame(frame)) return undefined
  const tags = HEADER + frame.readUInt16BE(2)
  const meta = tags + frame.readUInt32BE(52)
  const body = meta + frame.readUInt32BE(56)
  if (
    frame.length !== body + frame.readUInt32BE(60) ||
    frame.readUInt32BE(CHECKSUM_OFFSET) !== checksum(frame)
  ) { return undefined }
  const names = tagsOf(frame.toString('utf8', tags, meta))
  if (names === undefined) return undefined
  return {
    value: { meta: frame.toString('utf8', meta, body), body: own(frame.subarray(body)) },
    stamp: frame.readDoubleBE(STAMP_OFFSET),
    tags: names,
    storedAt: frame.readDoubleBE(STORED_AT_OFFSET),
    freshUntil: frame.readDoubleBE(20),
    staleUntil: frame.readDoubleBE(28),
    errorUntil: frame.readDoubleBE(36),
    keptFor: frame.readUInt32BE(44) * 1000,
    filledBy: known(frame.toString('utf8', HEADER, tags)),
    cost: frame.readUInt32BE(48)
  }
}

/** Reports whether the bytes begin with a complete header of this version. */
export const isFrame = (bytes: Buffer): boolean =>
  bytes.length >= HEADER && bytes[0] === MAGIC && bytes[1] === VERSION

/** Reads the metadata from a frame's header; the name follows the header. */
export const metadataOf = (
  header: Buffer,
  filledBy: string
): Omit<Entry<unknown>, 'value' | 'tags'> => ({
  stamp: header.readDoubleBE(STAMP_OFFSET),
  storedAt: header.readDoubleBE(STORED_AT_OFFSET),
  freshUntil: header.readDoubleBE(20),
  staleUntil: header.readDoubleBE(28),
  errorUntil: header.readDoubleBE(36),
  keptFor: header.readUInt32BE(44) * 1000,
  filledBy: known(filledBy),
  cost: header.readUInt32BE(48)
})

/** The fixed-length header as text; its checksum identifies the frame among those of its key. */
export const headerOf = (frame: Buffer): string => frame.toString('latin1', 0, HEADER)

/** Returns the stamp of a frame; 0 if the bytes are not a frame. */
export const stampOf = (frame: Buffer): Stamp =>
  frame.length < HEADER ? 0 : frame.readDoubleBE(STAMP_OFFSET)

/** Reports whether a stored frame is newer than, and different from, the one seen for its key. */
export function isNews (frame: Buffer, seen: FrameId | undefined): boolean {
  // Bytes that are not a frame have to be read to find out.
  if (seen === undefined || frame.length < HEADER) return true
  const stamp = stampOf(frame)
  return (
    stamp > seen.stamp ||
    (stamp === seen.stamp && frame.readDoubleBE(STORED_AT_OFFSET) !== seen.storedAt)
  )
}

/** Returns undefined if the text has a correct checksum but was written by something else. */
export function tagsOf (text: string): readonly string[] | undefined {
  if (text === '') return []
  try {
    const tags: unknown = JSON.parse(text)
    return isTags(tags) ? tags : undefined
  } catch {
    return undefined
  }
}

const isTags = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((tag) => typeof tag === 'string')

// One checksum over header and payload; its own field lies between them.
const checksum = (frame: Buffer) =>
  crc32(frame.subarray(HEADER), crc32(frame.subarray(0, CHECKSUM_OFFSET)))

/** Entries in memory share one copy of each instance's name. */
const names = new Map<string, string>()
function known (name: string): string {
  const copy = names.get(name)
  if (copy === undefined && names.size < MOST_NAMES) names.set(name, name)
  return copy ?? name
}
const MOST_NAMES = 1000

/**
 * Copies the body if the surrounding memory exceeds it by more than a sixteenth.
 *
 * An entry in memory keeps the whole buffer alive: the rest of the frame, or everything that was
 * read or decompressed with it.
 */
export function own (body: Buffer): Buffer {
  if (body.buffer.byteLength - body.length <= body.length / 16) return body
  const copy = Buffer.allocUnsafeSlow(body.length)
  body.copy(copy)
  return copy
}
